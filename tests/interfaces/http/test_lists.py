"""Lists: filtered, sorted, page by page without a shift, and nothing that is retired."""

import pytest

from tests.support.http import served


def names(response):
    assert response.status_code == 200, response.text
    return [each["name"] for each in response.json()["items"]]


def field_of(response):
    assert response.status_code == 422, response.text
    return response.json()["validation_errors"][0]["field"]


def register_five(api):
    return [
        api.register_model(name, metadata={"team": {"name": "growth" if place % 2 else "risk"}, "size": place})
        for place, name in enumerate(["delta", "alpha", "echo", "bravo", "charlie"])
    ]


@pytest.fixture
def five_models(api):
    return register_five(api)


@pytest.fixture(scope="module")
def listed_api(tmp_path_factory):
    """A service with five models, for all who only ask."""
    with served(tmp_path_factory.mktemp("listed")) as running:
        register_five(running)
        yield running


def test_a_list_is_in_the_order_of_creation(api, five_models):
    response = api.get("/models")
    assert response.json() == {"items": five_models, "next_page_token": None}


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("name LIKE '%a' AND metadata.size < 2", ["delta", "alpha"]),
        ("metadata.team.name = 'growth'", ["alpha", "bravo"]),
        ("NOT metadata.team.name = 'growth' AND name != 'echo'", ["delta", "charlie"]),
        ("type = 'regression'", []),
        ("name ILIKE 'ALPHA' OR name IN ('bravo', 'x')", ["alpha", "bravo"]),
        ("metadata.nothing IS NULL AND created_at > '2020-01-01T00:00:00Z' AND metadata.size >= 4", ["charlie"]),
    ],
)
def test_a_filter_finds_what_it_says(listed_api, filter_, found):
    assert names(listed_api.get("/models", filter=filter_)) == found


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("metadata.tags = 'eu'", ["both", "one", "plain"]),
        ("metadata.tags != 'eu'", ["both"]),
        ("NOT metadata.tags = 'eu'", ["none", "empty"]),
        ("metadata.tags = 'eu' AND metadata.tags = 'live'", ["both"]),
        ("metadata.tags LIKE 'l%'", ["both"]),
        ("metadata.tags IN ('live', 'x')", ["both"]),
        ("metadata.tags IS NULL", ["none"]),
        ("metadata.owners.name = 'Ada'", ["both"]),
    ],
)
def test_a_list_meets_a_condition_when_one_of_its_elements_does(api, filter_, found):
    owners = [{"name": "Bob"}, {"name": "Ada"}]
    api.register_model("both", metadata={"tags": ["eu", "live"], "owners": owners})
    api.register_model("one", metadata={"tags": ["eu"]})
    api.register_model("plain", metadata={"tags": "eu"})
    api.register_model("none")
    api.register_model("empty", metadata={"tags": []})
    assert names(api.get("/models", filter=filter_)) == found


@pytest.mark.parametrize(
    ("order_by", "found"),
    [
        ("name", ["alpha", "bravo", "charlie", "delta", "echo"]),
        ("name desc", ["echo", "delta", "charlie", "bravo", "alpha"]),
        ("metadata.team.name, metadata.size desc", ["bravo", "alpha", "charlie", "echo", "delta"]),
    ],
)
def test_a_list_is_sorted_as_asked(listed_api, order_by, found):
    assert names(listed_api.get("/models", order_by=order_by)) == found


def test_versions_are_sorted_by_a_metric(api, a_model):
    for auc in (0.7, 0.9, 0.8):
        api.add_version(a_model, auc=auc)
    response = api.get("/models/churn/versions", order_by="metrics.auc desc", filter="metrics.auc > 0.75")
    assert [each["metrics"]["auc"] for each in response.json()["items"]] == [0.9, 0.8]


def test_models_are_found_by_what_holds_for_one_of_their_versions(api, five_models):
    for model, aucs in zip(five_models, [(0.95,), (0.5, 0.8), (), (0.9,), (0.4,)], strict=True):
        for auc in aucs:
            api.add_version(model, auc=auc)
    api.send("PUT", "/models/delta/versions/1.0.0/status", {"status": "production"})
    assert names(api.get("/models", filter="metrics.auc > 0.7", order_by="name")) == ["alpha", "bravo", "delta"]
    assert names(api.get("/models", filter="metrics.auc > 0.7 AND status = 'production'")) == ["delta"]


def test_pages_never_shift_whatever_is_written_meanwhile(api, five_models):
    first = api.get("/models", page_size=2, order_by="name")
    api.register_model("aaa")
    api.send("PATCH", "/models/bravo", {"name": "zulu"})
    api.send("DELETE", "/models/charlie")
    found, token = names(first), first.json()["next_page_token"]
    while token is not None:
        response = api.get("/models", page_size=1, order_by="name", page_token=token)
        assert response.headers["x-event-position"] == first.headers["x-event-position"]
        found += names(response)
        token = response.json()["next_page_token"]
    assert found == ["alpha", "bravo", "charlie", "delta", "echo"]
    assert names(api.get("/models", order_by="name")) == ["aaa", "alpha", "delta", "echo", "zulu"]


def test_a_token_belongs_to_its_filter_and_order(listed_api):
    asked = {"filter": "metadata.size >= 0", "order_by": "name"}
    token = listed_api.get("/models", page_size=2, **asked).json()["next_page_token"]
    spelled_otherwise = {"filter": "(metadata.size>=0)", "order_by": "name asc"}
    assert names(listed_api.get("/models", page_token=token, **spelled_otherwise)) == ["charlie", "delta", "echo"]
    for other in ({}, asked | {"order_by": "name desc"}, asked | {"filter": "metadata.size >= 1"}):
        assert field_of(listed_api.get("/models", page_token=token, **other)) == "page_token"
    assert field_of(listed_api.get("/datasets", page_token=token)) == "page_token"


@pytest.mark.parametrize("path", ["/models", "/models/alpha/history"])
@pytest.mark.parametrize("token", ["x", "AAAA", "größe", "A" * 500, "%00"])
def test_a_token_that_was_tampered_with_is_refused(listed_api, path, token):
    assert field_of(listed_api.get(path, page_token=token)) == "page_token"


def test_the_versions_of_one_model_are_no_page_of_anothers(api):
    models = [api.register_model(name) for name in ("one", "two")]
    for model in models:
        for _ in range(2):
            api.add_version(model)
    token = api.get("/models/one/versions", page_size=1).json()["next_page_token"]
    assert field_of(api.get("/models/two/versions", page_size=1, page_token=token)) == "page_token"
    assert len(api.get(f"/models/{models[0]['id']}/versions", page_token=token).json()["items"]) == 1


@pytest.mark.parametrize("size", ["0", "1001", "-1", "ten", "1.5", "٣", "9" * 30])
def test_a_page_has_1_to_1000_items(empty_api, size):
    assert field_of(empty_api.get("/models", page_size=size)) == "page_size"


@pytest.mark.parametrize(
    ("parameters", "field", "hint"),
    [
        ({"filtr": "a"}, "filtr", "'filter'"),
        ({"as_off": "1"}, "as_off", "'as_of'"),
        ({"filter": "nam = 'x'"}, "filter", "'name'"),
        ({"filter": "name ="}, "filter", "expected"),
        ({"filter": "metadata = 'x'"}, "filter", "keys"),
        ({"order_by": "nam"}, "order_by", "'name'"),
        ({"order_by": "metrics.auc"}, "order_by", "versions"),
    ],
)
def test_what_a_list_cannot_be_asked_is_refused_with_a_hint(empty_api, parameters, field, hint):
    response = empty_api.get("/models", **parameters)
    assert field_of(response) == field
    assert hint in response.json()["validation_errors"][0]["message"]


def test_a_parameter_given_twice_is_refused(empty_api):
    assert field_of(empty_api.client.get("/api/v1/models?page_size=1&page_size=2")) == "page_size"


def test_empty_parameters_count_as_absent(listed_api):
    assert len(names(listed_api.client.get("/api/v1/models?filter=&order_by=&page_size=&page_token="))) == 5


def test_retired_datasets_are_not_listed(api, a_dataset):
    assert [each["id"] for each in api.get("/datasets").json()["items"]] == [a_dataset["id"]]
    assert api.send("DELETE", "/datasets/customers").status_code == 204
    assert api.get("/datasets").json()["items"] == []
    assert api.get(f"/datasets/{a_dataset['id']}").json()["error_code"] == "dataset.retired"


def test_jobs_are_listed_and_filtered(api, a_job):
    for filter_, found in ((f"model_id = '{a_job['model_id']}'", [a_job]), ("status = 'failed'", [])):
        assert api.get("/training-jobs", filter=filter_).json()["items"] == found
