"""What is told of every round of a training while it goes on; who does not listen then never hears it."""

from uuid import UUID

from application.integration.channels import Action, Channel, Message, Operation, Parameter
from application.integration.event_data import EventData
from application.integration.event_headers import passing_event_headers

TYPE = "ml.training_job.iterated.v1"
_ALL = "live.ml.training_job.*"


class TrainingJobIteratedData(EventData):
    """A round of a running training is done."""

    training_job_id: UUID
    attempt: int
    """Counts from 1; a job whose worker is lost is tried again."""
    iteration: int
    """Boosting rounds done, from 1."""
    total: int
    """Rounds asked for; early stopping may end before."""
    metrics: dict[str, float]
    """On the validation rows after this round, by name."""
    is_best: bool
    """Whether no round before was better."""


ITERATED = Message(
    name=TYPE,
    summary="A round of a running training is done.",
    payload=TrainingJobIteratedData,
    headers=passing_event_headers(TYPE),
)
ITERATIONS = Channel(
    subject=_ALL,
    messages=(ITERATED,),
    parameters=(Parameter(name="training_job_id", description="The job that is trained."),),
)
OPERATIONS = (
    Operation(
        id="tell_iterations",
        action=Action.SEND,
        channel=ITERATIONS,
        summary="Tells of each round of a running training at once, to whoever listens.",
        tags=("training",),
    ),
    Operation(
        id="hear_iterations",
        action=Action.RECEIVE,
        channel=ITERATIONS,
        summary="Passes on the rounds of trainings that somebody watches over HTTP.",
        tags=("training",),
    ),
)


def subject_of(training_job_id: UUID) -> str:
    """Return the subject on which the rounds of this job are told."""
    return _ALL.replace("*", str(training_job_id))
