"""The application: which function answers which address, and how errors become pages.

Invariant: reading runs in threads, each request with a knowledge base of its own, so readers never wait for writers. What changes
something is a POST that carries the secret of a form of ours.
"""

from __future__ import annotations

import hmac
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gitkb.errors import ChangedSince, ConversionError, GitkbError, InTheWay, LockTimeout, MergeConflict, NotFound, UsageError
from gitkb.web import asking, graph_layout, reading, review, timeline, writing
from gitkb.web.guard import Access, Guard, Who
from gitkb.web.view import HERE, Interface, View, environment, steady

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from gitkb import KnowledgeBase

MOST_FIELD = 5 * 1024**2
AT_ONCE = 8
READ_ONLY = ("You may read here, and change nothing.", "Ask whoever runs this server.")
_STATUS: tuple[tuple[type[GitkbError], int], ...] = (
    (NotFound, 404),
    (UsageError, 400),
    (ChangedSince, 409),
    (MergeConflict, 409),
    (InTheWay, 409),
    (LockTimeout, 503),
    (ConversionError, 422),
)
READS: tuple[tuple[str, Callable[[View], Response]], ...] = (
    ("/", reading.start),
    ("/documents", reading.documents),
    ("/pages", reading.pages),
    ("/wiki/{path:path}", reading.page),
    ("/original/{document:path}", reading.original),
    ("/drawn/{document:path}/{number:int}.jpg", reading.drawn),
    ("/file/{path:path}", reading.file),
    ("/search", reading.search),
    ("/time", reading.led),
    ("/history", timeline.history),
    ("/blame", timeline.blame),
    ("/branches", review.branches),
    ("/review", review.review),
    ("/compare", review.compared),
    ("/commit", review.commit),
    ("/sides", review.page),
    ("/jobs/{id}", writing.job),
    ("/ask", asking.page),
    ("/graph", graph_layout.page),
    ("/graph.json", graph_layout.data),
)
FRESH = frozenset(("/branches", "/review", "/compare"))
"""What is looked up anew for each answer, and so is always of the newest state."""
PREPARES: tuple[tuple[str, Callable[[View], Response]], ...] = (
    ("/add", writing.adding),
    ("/decide", writing.deciding),
    ("/edit", writing.editing),
    ("/note", writing.noting),
    ("/remove", writing.removing),
    ("/undo", writing.undoing),
)
"""Pages that lead to a change: for those who may make it."""
WRITES: tuple[tuple[str, Callable[[View, FormData], Response]], ...] = (
    ("/do/add", writing.add),
    ("/do/approve", writing.approve),
    ("/do/decide", writing.decide),
    ("/do/edit", writing.edit),
    ("/do/merge", writing.merge),
    ("/do/note", writing.note),
    ("/do/refresh", writing.refresh),
    ("/do/remove", writing.remove),
    ("/do/save", asking.save),
    ("/do/undo", writing.undo),
)
ASKS: tuple[tuple[str, Callable[[View, FormData], Response]], ...] = (("/do/ask", asking.ask),)
"""Forms that change nothing."""


def application(open_base: Callable[[str], KnowledgeBase], access: Access, *, warm: bool = False) -> Guard:
    """The application, guarded. `open_base` opens the knowledge base anew, for the person whose name a proxy gave ("": whoever
    started the server). With `warm` what the first pages need is looked at in a thread of its own."""
    interface = Interface(open_base, open_base("").folder.resolve().name)
    routes: list[Any] = [Route(path, _read(interface, answer, fresh=path in FRESH)) for path, answer in READS]
    routes += [Route(path, _read(interface, _for_writers(answer), fresh=True)) for path, answer in PREPARES]
    routes += [Route(path, _write(interface, act, writes=True), methods=["POST"]) for path, act in WRITES]
    routes += [Route(path, _write(interface, act, writes=False), methods=["POST"]) for path, act in ASKS]
    routes += [
        Route("/login", _login, methods=["GET", "POST"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    made = Starlette(routes=routes, lifespan=_few_at_once)
    if warm:
        interface.begin()
    return Guard(made, access)


@asynccontextmanager
async def _few_at_once(_: Starlette) -> AsyncIterator[None]:
    """Lets few requests be answered at once, the others in their order: answers are made by one core, and many that take turns at
    it would all be late."""
    from anyio.to_thread import current_default_thread_limiter

    current_default_thread_limiter().total_tokens = AT_ONCE
    yield


def _read(interface: Interface, answer: Callable[[View], Response], *, fresh: bool = False) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        try:
            return steady(interface, request, answer, fresh=fresh, moves="done" in request.query_params)
        except GitkbError as error:
            return problem(interface, request, error)

    return endpoint


def _for_writers(answer: Callable[[View], Response]) -> Callable[[View], Response]:
    def checked(view: View) -> Response:
        if not view.who.can_write:
            raise UsageError(*READ_ONLY)
        if view.at:
            raise UsageError("The past cannot be changed.", "Go back to now, then do it there.")
        return answer(view)

    return checked


def _write(
    interface: Interface, act: Callable[[View, FormData], Response], *, writes: bool
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        who: Who = request.state.who
        form = await request.form(max_files=writing.MOST_FILES, max_fields=50, max_part_size=MOST_FIELD)

        def answered() -> Response:
            try:
                if writes and not who.can_write:
                    raise UsageError(*READ_ONLY)
                if not hmac.compare_digest(writing.text_of(form, "form", 100).encode(), who.form_token.encode()):
                    raise UsageError("The form is older than this server.", "Load the page again, then send it once more.")
                return act(View(interface, request, fresh=True, moves=writes), form)
            except GitkbError as error:
                return problem(interface, request, error)

        async with form_closed(form):
            return await run_in_threadpool(answered)

    return endpoint


@asynccontextmanager
async def form_closed(form: FormData) -> AsyncIterator[None]:
    """Closes the files of a form at the end."""
    try:
        yield
    finally:
        await form.close()


def problem(interface: Interface, request: Request, error: GitkbError) -> Response:
    """An error in the library's own words."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if request.query_params.get("part"):
        return PlainTextResponse(error.message, status)
    who: Who = request.state.who
    made = environment().get_template("error.html")
    from starlette.responses import HTMLResponse

    from gitkb.web.view import Served

    values = {"to": Served(""), "name": interface.name, "message": error.message, "hint": error.hint, "view": None, "who": who}
    return HTMLResponse(made.render(values | {"site": None, "said": ""}), status)


async def _login(request: Request) -> Response:
    guard: Guard = request.state.guard
    made = environment().get_template("login.html")
    from starlette.responses import HTMLResponse

    if request.method == "POST":
        form = await request.form(max_files=0, max_fields=4)
        session = guard.login(str(form.get("password", "")))
        if session:
            return guard.with_cookie(RedirectResponse("/", 303), session)
        import anyio

        await anyio.sleep(1)
        return HTMLResponse(made.render(wrong=True), 403)
    return HTMLResponse(made.render(wrong=False))
