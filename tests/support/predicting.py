"""Clients of a running service that predict while it changes, and believe no answer."""

import threading

import httpx


class Traffic:
    """Clients that predict without a pause, each over a connection of its own.

    Args:
        url: Of the service.
        body: What each asks.
        expected: Version → the numbers that it answers.
        production: The version in production at first.

    Attributes:
        promoted: Versions in the order of their promotions, noted before each is asked for.
        answered: How many of these promotions are answered.
    """

    def __init__(
        self, url: str, body: dict[str, object], expected: dict[str, list[float]], *, production: str
    ) -> None:
        self._url = url
        self._body = body
        self._expected = expected
        self._is_over = threading.Event()
        self.promoted = [production]
        self.answered = 1

    def predict(self) -> int:
        """Predict until it is over; return how often."""
        count = 0
        with httpx.Client(base_url=self._url, timeout=60, trust_env=False) as client:
            while not self._is_over.is_set():
                self.ask(client)
                count += 1
        return count

    def ask(self, client: httpx.Client) -> None:
        """Demand an answer by a version that was in production meanwhile, with the numbers of that version."""
        oldest = self.answered - 1
        response = client.post("/api/v1/inference", json=self._body)
        assert response.status_code == httpx.codes.OK, response.text
        answer = response.json()
        assert [each["prediction"] for each in answer["results"]] == self._expected[answer["version"]]
        assert answer["version"] in self.promoted[oldest:]

    def end(self) -> None:
        """Let all clients end."""
        self._is_over.set()
