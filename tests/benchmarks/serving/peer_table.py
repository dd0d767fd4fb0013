"""The other servers: how each is started, and how it is asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.serving.model import MODEL, Served

ENVIRONMENTS = Path(__file__).with_name("environments")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A server of the field with its own defaults, as far as nothing else is said here.

    Attributes:
        environment: Its directory among `ENVIRONMENTS`, and the virtual environment that it runs in.
        bar: How many times its rate the service is to reach; None where nothing is asked.
        path: Where it takes predictions.
        body: Makes the body for a row of what is served.
        command: Of a program of its environment, run in a directory that holds `model.txt` and the
            programs of `environment`; `{port}` is where
            it is to listen, any other name in braces is another free port.
        preparation: Run once before it, in the same way.
        files: Written into the directory.
        variables: Of its environment, filled in like the command.
    """

    name: str
    environment: str
    bar: float | None
    path: str
    body: Callable[[Served, int], bytes]
    command: tuple[str, ...]
    preparation: tuple[str, ...] = ()
    files: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def _tensor(served: Served, row: int) -> bytes:
    values = served.rows[row].tolist()
    tensor = {"name": "features", "shape": [1, len(values)], "datatype": "FP64", "data": values}
    return json.dumps({"inputs": [tensor]}).encode()


def _by_name(served: Served, row: int) -> bytes:
    return json.dumps({"features": served.instances(row)}).encode()


def _rows(served: Served, row: int) -> bytes:
    return json.dumps({"rows": [served.rows[row].tolist()]}).encode()


def _frame(served: Served, row: int) -> bytes:
    return json.dumps({"dataframe_split": {"columns": served.names, "data": [served.rows[row].tolist()]}}).encode()


def _mlserver(name: str, *, bar: float | None, variables: Mapping[str, str]) -> Peer:
    return Peer(
        name=name,
        environment="mlserver",
        bar=bar,
        path=f"/v2/models/{MODEL}/infer",
        body=_tensor,
        command=("mlserver", "start", "."),
        files={
            "model-settings.json": {
                "name": MODEL,
                "implementation": "mlserver_lightgbm.LightGBMModel",
                "parameters": {"uri": "./model.txt"},
            }
        },
        variables={
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{grpc}",
            "MLSERVER_METRICS_PORT": "{metrics}",
            "MLSERVER_DEBUG": "false",
            **variables,
        },
    )


def _mlflow(name: str, *, bar: float | None, signature: str) -> Peer:
    return Peer(
        name=name,
        environment="mlflow",
        bar=bar,
        path="/invocations",
        body=_frame,
        command=("mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-w", "1", "-p", "{port}"),
        preparation=("python", "model.py", signature),
        variables={"MLFLOW_DISABLE_TELEMETRY": "true", "UVICORN_ACCESS_LOG": "false"},
    )


PEERS = (
    _mlserver("MLServer, in-process", bar=6, variables={"MLSERVER_PARALLEL_WORKERS": "0"}),
    _mlserver("MLServer, by default", bar=None, variables={}),
    Peer(
        name="LitServe",
        environment="litserve",
        bar=12,
        path="/predict",
        body=_by_name,
        command=("python", "server.py", "{port}"),
    ),
    Peer(
        name="BentoML",
        environment="bentoml",
        bar=15,
        path="/predict",
        body=_rows,
        command=("bentoml", "serve", "--host", "127.0.0.1", "--port", "{port}", "server:Risk"),
        variables={"BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": "home"},
    ),
    _mlflow("MLflow, without signature", bar=20, signature="without"),
    _mlflow("MLflow, with signature", bar=None, signature="with"),
)
