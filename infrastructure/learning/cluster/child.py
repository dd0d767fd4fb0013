"""The process that grows trees on a worker: `python -m infrastructure.learning.cluster.child`.

LightGBM's network is one for a whole process, waits for its peers inside of C++, and goes on waiting for some that
have died. As a process of its own it can be killed, and the worker stays as it was.
"""

from application.ports.work import WorkFailed
from domain.training.job import TRAINING
from infrastructure.jobs.job_child import Given, carry_out_job
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.cluster.parts import encoded
from infrastructure.learning.cluster.protocol import PEERS_FAILED, TIME_OUT_MINUTES, Order
from infrastructure.learning.dates import Layout
from infrastructure.learning.objectives import Parameters


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    carry_out_job(Order, _grown, kind=TRAINING)


def _grown(given: Given[Order]) -> str:
    order = given.order
    layout = Layout([feature.type for feature in order.features])
    rows, target, weights = encoded(
        order.part, given.dataset, order.features, labels=order.labels, weights=order.weights
    )
    try:
        dataset = lgb.Dataset(
            rows,
            target,
            weight=weights,
            # the names of columns say nothing: LightGBM refuses some characters in them
            feature_name=[f"f{index}" for index in range(layout.width)],
            categorical_feature=list(layout.categorical),
        )
        rounds = int(order.parameters["num_iterations"])
        told = {**order.parameters, **_network(order), "num_threads": order.num_threads}
        del told["num_iterations"]  # of which LightGBM warns beside `num_boost_round`
        booster = lgb.train(told, dataset, num_boost_round=rounds)
    except lgb.basic.LightGBMError as error:
        if "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        code = PEERS_FAILED if "ocket" in str(error) or "onnect" in str(error) else "training.refused"
        raise WorkFailed(f"LightGBM gave up: {error}", code=code) from error
    return "" if order.place else booster.model_to_string(num_iteration=-1)


def _network(order: Order) -> Parameters:
    if len(order.machines) == 1:
        return {}
    return {
        "tree_learner": "data",
        "pre_partition": True,
        "machines": ",".join(f"{host}:{port}" for host, port in order.machines),
        "num_machines": len(order.machines),
        "local_listen_port": order.machines[order.place][1],
        "time_out": TIME_OUT_MINUTES,
    }


if __name__ == "__main__":
    main()
