"""What a report says of the rows that a clustering has put together."""

from application.views import View


class Typical(View):
    """What the values of a feature are like among some rows.

    Attributes:
        mean: Of numbers, in their own unit, those left out that are missing; of booleans, the share that is true;
            None for all else, and where none is known.
        deviation: How far it lies from the mean of all rows, in standard deviations of all rows; None where there
            is no mean, or no deviation.
        time: The mean of instants, in ISO 8601; None for all else.
        value: The most frequent category; None for all else.
        share: Of the rows whose category is known, those that have this one; of booleans, those that are true;
            None for all else.
        missing: Share of rows in which nothing is known, 0 to 1.
    """

    feature: str
    mean: float | None
    deviation: float | None
    time: str | None
    value: str | None
    share: float | None
    missing: float


class Cluster(View):
    """Rows that lie together.

    Attributes:
        cluster: As it is predicted.
        rows: That were learned from.
        share: Of all rows; 95 of 100 times it lies between `share_low` and `share_high`.
        silhouette: Mean of its rows among those sampled, -1 to 1: near 1 they lie close together and far from
            others, near 0 between two clusters. None where no two of its rows were sampled.
        silhouette_low: 95 of 100 times the mean lies between this and `silhouette_high`.
        typical: Of the features that tell clusters apart best, that one first.
    """

    cluster: int
    rows: int
    share: float
    share_low: float
    share_high: float
    silhouette: float | None
    silhouette_low: float | None
    silhouette_high: float | None
    typical: list[Typical]


class Tried(View):
    """A number of clusters that was tried, and how well they were told apart.

    Attributes:
        silhouette: Mean of the rows sampled; 95 of 100 times it lies between `low` and `high`. None where nothing
            can be told.
        inertia: Sum of the squared distances of the rows sampled to the mean of their cluster.
        is_chosen: Whether the version has so many.
    """

    clusters: int
    silhouette: float | None
    low: float | None
    high: float | None
    inertia: float
    is_chosen: bool


class Clusters(View):
    """What was found in the rows that were learned from.

    Attributes:
        rows: That were learned from, all of which are counted.
        sampled_rows: Those of them that silhouettes and intervals are of.
        explained: Share of the squared distances of all rows to their mean that is gone when each row is taken for
            the mean of its cluster, 0 to 1.
        shuffled_silhouette: Mean silhouette of as many clusters, found in the same way, where the values of each
            feature are shuffled among the rows sampled: so much is found where features do not go together. None
            of one feature, and where nothing can be told.
        clusters: The largest first.
        typical: Of all rows, the features as in the clusters.
        tried: By the number of clusters; empty where a number was asked for.
    """

    rows: int
    sampled_rows: int
    explained: float
    shuffled_silhouette: float | None = None
    clusters: list[Cluster]
    typical: list[Typical]
    tried: list[Tried]
