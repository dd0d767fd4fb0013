"""A service's OpenAPI document as what its requests are made from, and its answers held against."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from jsonschema import Draft202012Validator

_PLAIN_HEADERS = {
    "content-type",
    "content-length",
    "cache-control",
    "connection",
    "date",
    "server",
    "transfer-encoding",
    "x-accel-buffering",
}
_PLACEHOLDER = re.compile(r"{(\w+)}")


class Contract:
    """The document of a service that runs.

    Schemas are read strictly: an answer may not have fields of which the document is silent.

    Args:
        client: Of the service.
        names: What the placeholders of paths stand for.
    """

    def __init__(self, client: httpx.Client, *, names: Mapping[str, str]) -> None:
        self._client = client
        self._names = names
        self._document = client.get("/openapi.json").json()
        self._operations = {
            each["operationId"]: (method.upper(), path, each)
            for path, item in self._document["paths"].items()
            for method, each in item.items()
        }
        self._schemas = _strict(self._document["components"]["schemas"])

    def send(self, operation: str, *, named: str | None = None, **given: Any) -> httpx.Response:
        """Ask for the operation by its documented method and path.

        Args:
            operation: Its id.
            named: What all placeholders stand for, this time.
            given: As httpx takes it.
        """
        method, path, _ = self._operations[operation]
        return self._client.request(
            method, _PLACEHOLDER.sub(lambda at: named or self._names[at[1]], path), **given
        )

    def success(self, operation: str) -> str:
        """Return the status of the operation's success."""
        status, *_ = [each for each in self._operations[operation][2]["responses"] if each.startswith("2")]
        return str(status)

    def statuses(self, operation: str) -> list[str]:
        """Return the statuses of the operation's documented answers."""
        return list(self._operations[operation][2]["responses"])

    def operations_with_names(self) -> list[str]:
        """Return the operations whose paths have placeholders."""
        return [operation for operation, (_, path, _) in self._operations.items() if _PLACEHOLDER.search(path)]

    def operations_with_bodies(self) -> list[str]:
        """Return the operations that take a body."""
        return [operation for operation in self._operations if self.bodies(operation)]

    def operations_with_header(self, name: str) -> list[str]:
        """Return the operations that honour a header of the request."""
        return [operation for operation in self._operations if name in self.parameters(operation, "header")]

    def parameters(self, operation: str, place: str) -> dict[str, Any]:
        """Return name → schema of the operation's parameters in a place."""
        found = [self._resolved(each) for each in self._operations[operation][2]["parameters"]]
        return {each["name"]: each["schema"] for each in found if each["in"] == place}

    def all_parameters(self, place: str) -> list[str]:
        """Return the names of all operations' parameters in a place."""
        return [
            each["name"] for each in self._document["components"]["parameters"].values() if each["in"] == place
        ]

    def bodies(self, operation: str) -> dict[str, Any]:
        """Return media type → form of the bodies that the operation takes."""
        found: dict[str, Any] = self._operations[operation][2].get("requestBody", {}).get("content", {})
        return found

    def headers(self, operation: str, response: httpx.Response) -> dict[str, Any]:
        """Return name → header, as documented for a response like this one."""
        documented = self._documented(operation, response).get("headers", {})
        return {name: self._resolved(each) for name, each in documented.items()}

    def check(self, operation: str, response: httpx.Response) -> None:
        """Hold a response against the document.

        Raises:
            AssertionError: It has a body and should not, or the other way round, or of another type; or a
                header is missing, or there is one of which the document is silent.
            jsonschema.ValidationError: Its body or a header is of another form.
        """
        documented = self.headers(operation, response)
        always = {name.lower() for name, header in documented.items() if header["required"]}
        found = response.headers.keys() - _PLAIN_HEADERS
        assert always <= found <= {name.lower() for name in documented}, operation
        for name, header in documented.items():
            if name in response.headers:
                self._validate(_value(response.headers[name], header["schema"]), header["schema"])
        content = self._documented(operation, response).get("content")
        if content is None:
            assert response.content == b""
            return
        media_type = response.headers["content-type"]
        form = content[media_type]
        self._validate(response.json() if media_type.endswith("json") else response.text, form["schema"])

    def check_body(self, operation: str, media_type: str, body: bytes | None) -> None:
        """Hold the body of a request against the document; None where only its type is documented."""
        form = self.bodies(operation)[media_type]
        if body is not None:
            self._validate(orjson.loads(body), form["schema"])

    def _documented(self, operation: str, response: httpx.Response) -> dict[str, Any]:
        responses = self._operations[operation][2]["responses"]
        return self._resolved(responses.get(str(response.status_code), responses["default"]))

    def _resolved(self, each: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in each:
            return each
        found: Any = self._document
        for step in each["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def _validate(self, value: Any, schema: Mapping[str, Any]) -> None:
        whole = {**schema, "components": {"schemas": self._schemas}}
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def _value(header: str, schema: Mapping[str, Any]) -> str | int:
    return int(header) if schema.get("type") == "integer" else header


def _strict(schemas: Mapping[str, Any]) -> dict[str, Any]:
    extended = {each["$ref"].rpartition("/")[2] for schema in schemas.values() for each in schema.get("allOf", [])}
    return {
        name: schema
        if name in extended or "properties" not in schema
        else {**schema, "unevaluatedProperties": False}
        for name, schema in schemas.items()
    }
