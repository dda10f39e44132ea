"""A receiver of OTLP over HTTP gets loads, builds and jobs as spans. Without OTEL_* variables, nothing is imported."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.league import play
from tests.sessions import Db

Run = Callable[..., Any]


class Receiver:
    """A server that decodes the spans it gets."""

    def __init__(self) -> None:
        self.services: set[str] = set()
        self.spans: list[Span] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    names = {each.key: each.value.string_value for each in resource.resource.attributes}
                    receiver.services.add(names["service.name"])
                    receiver.spans += [span for scope in resource.scope_spans for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}"}

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(made.server.serve_forever)
        yield made
        made.server.shutdown()
        made.server.server_close()


def facts(span: Span) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_load_is_a_trace(tenants: dict[str, str], tmp_path: Path, stanchion: Run, receiver: Receiver) -> None:
    for game in play(1, 1000, 2):
        (tmp_path / f"game_{game.game_id}.json").write_bytes(as_json(export(game)))
    given = ("load", str(tmp_path), "--tenant", "ours", "--played-on", "2026-10-03")
    outcome = stanchion(*given, **receiver.variables)
    assert outcome.code == 0, outcome.err
    (root,), (load,) = receiver.named("stanchion load"), receiver.named("load")
    assert receiver.services == {"stanchion"}
    assert (load.trace_id, load.parent_span_id) == (root.trace_id, root.span_id)
    assert facts(load)["stanchion.tenant"] == "ours"
    assert facts(load)["stanchion.rows"] > 0
    assert root.start_time_unix_nano <= load.start_time_unix_nano < load.end_time_unix_nano <= root.end_time_unix_nano
    assert load.status.code != Status.STATUS_CODE_ERROR


def test_a_model_that_fails_is_a_span_with_its_error(
    tenants: dict[str, str], stanchion: Run, receiver: Receiver
) -> None:
    outcome = stanchion("build", "dim_team", OTEL_SERVICE_NAME="night", **receiver.variables)
    assert outcome.code == 1
    assert "failed    marts.dim_team" in outcome.out  # the text for people stays
    (root,), (model,) = receiver.named("stanchion build"), receiver.named("model")
    assert receiver.services == {"night"}
    assert model.trace_id == root.trace_id
    assert model.status.code == root.status.code == Status.STATUS_CODE_ERROR
    assert "does not exist" in model.status.message


def test_each_job_is_a_span(db: Db, tenants: dict[str, str], stanchion: Run, receiver: Receiver) -> None:
    db.execute(
        "create function public.works(p_lease uuid) returns void language sql as ''; "
        "insert into core.queue (queue, handler, description) values ('public.works', 'public.works', ''); "
        "grant execute on function public.works(uuid) to stanchion_worker"
    )
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
        db.execute("select core.enqueue('public.works', '{}') from generate_series(1, 3)")
    outcome = stanchion("worker", "run", "--once", **receiver.variables)
    assert outcome.code == 0, outcome.err
    jobs = receiver.named("job")
    assert len({job.trace_id for job in jobs}) == 3  # a worker runs for days, so each job is a trace of its own
    assert {facts(job)["stanchion.tenant"] for job in jobs} == {tenants["ours"]}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_imported_that_no_variable_asks_for(variables: dict[str, str]) -> None:
    program = (
        "import sys; from stanchion.telemetry import open_traces; assert open_traces('load') is None; "
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    env = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")} | variables
    subprocess.run([sys.executable, "-c", program], env=env, check=True)


def test_a_command_works_without_the_extra_and_without_a_receiver(stanchion: Run, receiver: Receiver) -> None:
    program = (
        "import sys; sys.modules['opentelemetry.sdk'] = None; sys.modules['opentelemetry.exporter'] = None; "
        "from stanchion.telemetry import open_traces; assert open_traces('load') is None"
    )
    subprocess.run([sys.executable, "-c", program], env=os.environ | receiver.variables, check=True)
    outcome = stanchion(
        "partitions", "run", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_TIMEOUT="1"
    )
    assert outcome.code == 0, outcome.err
    assert "Traceback" not in outcome.err
