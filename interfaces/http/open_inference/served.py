"""All that is served of the protocol."""

from application.health.health import Health
from application.inference.serving import Serving
from application.ports.read_models import ReadModels
from interfaces.http.open_inference.inferring import TensorInference
from interfaces.http.open_inference.models import ModelOperations
from interfaces.http.open_inference.operations import Operation
from interfaces.http.open_inference.repository import RepositoryOperations
from interfaces.http.open_inference.server import ServerOperations
from interfaces.http.open_inference.statistics import Statistics
from interfaces.http.reads import Reads
from interfaces.inference.inference import Inference


def protocol_operations(
    *,
    health: Health,
    serving: Serving,
    read_models: ReadModels,
    reads: Reads,
    inference: Inference,
    tensors: TensorInference,
    statistics: Statistics,
) -> list[Operation]:
    """Return the operations of the protocol and of the extensions that are served.

    Args:
        health: How everything that the service works with fares.
        serving: What is in memory.
        read_models: Know which models and versions there are.
        reads: Where they are asked.
        inference: The way that all predictions take.
        tensors: The path of tensors along it.
        statistics: What it has counted.
    """
    models = ModelOperations(
        inference=inference, serving=serving, tensors=tensors, read_models=read_models, reads=reads
    )
    repository = RepositoryOperations(
        describe=models.describe,
        inference=inference,
        serving=serving,
        statistics=statistics,
        read_models=read_models,
        reads=reads,
    )
    return [*ServerOperations(health=health).operations(), *models.operations(), *repository.operations()]
