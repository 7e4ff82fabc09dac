"""What the CI templates run: `review.py request` on a pull or merge request, `review.py refresh` after a merge.

`request` checks the result of the merge and posts what it would change as a comment, which later runs update; where the token
may not comment (a request from a fork), the text goes into the job's summary or an artifact. `refresh` brings the pages up to
date and pushes them; where the branch is protected it keeps one request open with them. Needs Python, git and gitkb, no more.
The token is read from the environment and never becomes an argument of a program.
"""

import html
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARKER = "<!-- gitkb: what this changes -->"
BRANCH = "gitkb/refresh-pages"
TITLE = "Refresh pages"
TEXT = "The pages that follow from the documents of this branch. Made by gitkb; updated with every merge until it is merged."
MAX_COMMENT = 65_000
MAX_PROBLEMS = 50
PROBLEMS = 4
TRIES = 5


class Refused(Exception):
    """The service said no; `status` is its HTTP code."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"the service answered {status}: {said}")
        self.status = status


def call(method: str, url: str, headers: dict[str, str], body: dict[str, str] | None = None) -> Any:
    """The JSON answer of the service; `Refused` where it is an error."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    for name, value in headers.items():
        # A redirect to another host must not carry the token along.
        request.add_unredirected_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read(500).decode("utf-8", "replace")) from error
    except urllib.error.URLError as error:
        raise Refused(0, str(error.reason)) from error


@dataclass(frozen=True)
class GitHub:
    """Pull requests of a GitHub repository, as a workflow's environment names it."""

    api: str
    repository: str
    token: str
    event: dict[str, Any]

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.token}"}
        return call(method, f"{self.api}/{path}", headers, body)

    def range(self) -> tuple[str, str]:
        """The commits between which something changes: of a pull request, or of a group in the merge queue."""
        if "merge_group" in self.event:
            return self.event["merge_group"]["base_sha"], self.event["merge_group"]["head_sha"]
        request = self.event["pull_request"]
        return request["base"]["sha"], request["head"]["sha"]

    def target(self) -> str:
        """The branch to merge into first, "" where what is checked out is the result of the merge."""
        return ""

    def branch(self) -> str:
        return os.environ["GITHUB_REF_NAME"]

    def comment(self, text: str) -> None:
        if "pull_request" not in self.event:
            return  # in the merge queue there is nobody to read it
        issue = f"repos/{self.repository}/issues/{self.event['pull_request']['number']}/comments"
        own = self._login()
        for page in range(1, 101):
            comments = self.ask("GET", f"{issue}?per_page=100&page={page}")
            for found in comments:
                if found["body"].startswith(MARKER) and found["user"]["login"] == own:
                    self.ask("PATCH", f"repos/{self.repository}/issues/comments/{found['id']}", {"body": text})
                    return
            if len(comments) < 100:
                break
        self.ask("POST", issue, {"body": text})

    def _login(self) -> str:
        try:
            return str(self.ask("GET", "user")["login"])
        except Refused:
            return "github-actions[bot]"  # a workflow's own token may not ask who it is

    def request(self, branch: str, base: str) -> str:
        owner = self.repository.split("/")[0]
        query = urllib.parse.urlencode({"state": "open", "head": f"{owner}:{branch}", "base": base})
        found = self.ask("GET", f"repos/{self.repository}/pulls?{query}")
        if not found:
            wanted = {"title": TITLE, "body": TEXT, "head": branch, "base": base}
            found = [self.ask("POST", f"repos/{self.repository}/pulls", wanted)]
        return str(found[0]["html_url"])


@dataclass(frozen=True)
class Gitea(GitHub):
    """Pull requests of a repository on Forgejo or Gitea, whose runners have GitHub's environment."""

    def target(self) -> str:
        return str(self.event["pull_request"]["base"]["ref"])  # the head alone is checked out

    def request(self, branch: str, base: str) -> str:
        try:
            found = self.ask("GET", f"repos/{self.repository}/pulls/{quoted(base)}/{quoted(branch)}")
            if found["state"] == "open":
                return str(found["html_url"])
        except Refused as refused:
            if refused.status != 404:
                raise
        wanted = {"title": TITLE, "body": TEXT, "head": branch, "base": base}
        return str(self.ask("POST", f"repos/{self.repository}/pulls", wanted)["html_url"])


@dataclass(frozen=True)
class GitLab:
    """Merge requests of a GitLab project, as a pipeline's environment names it."""

    api: str
    project: str
    token: str

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        return call(method, f"{self.api}/{path}", {"PRIVATE-TOKEN": self.token}, body)

    def range(self) -> tuple[str, str]:
        return os.environ["CI_MERGE_REQUEST_DIFF_BASE_SHA"], os.environ["CI_COMMIT_SHA"]

    def target(self) -> str:
        """As for GitHub: without pipelines for merged results, the source branch alone is checked out."""
        is_merged = os.environ.get("CI_MERGE_REQUEST_EVENT_TYPE") in ("merged_result", "merge_train")
        return "" if is_merged else os.environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")

    def branch(self) -> str:
        return os.environ["CI_COMMIT_BRANCH"]

    def comment(self, text: str) -> None:
        notes = f"projects/{self.project}/merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}/notes"
        own = self.ask("GET", "user")["username"]
        for page in range(1, 101):
            found = self.ask("GET", f"{notes}?per_page=100&page={page}")
            for note in found:
                if note["body"].startswith(MARKER) and note["author"]["username"] == own:
                    self.ask("PUT", f"{notes}/{note['id']}", {"body": text})
                    return
            if len(found) < 100:
                break
        self.ask("POST", notes, {"body": text})

    def request(self, branch: str, base: str) -> str:
        requests = f"projects/{self.project}/merge_requests"
        query = urllib.parse.urlencode({"state": "opened", "source_branch": branch, "target_branch": base})
        found = self.ask("GET", f"{requests}?{query}")
        if not found:
            wanted = {"title": TITLE, "description": TEXT, "source_branch": branch, "target_branch": base}
            found = [self.ask("POST", requests, wanted)]
        return str(found[0]["web_url"])


def service() -> GitHub | GitLab:
    """The service whose runner this is."""
    token = os.environ.get("GITKB_TOKEN", "")
    if "GITHUB_REPOSITORY" in os.environ:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        kind = Gitea if {"GITEA_ACTIONS", "FORGEJO_ACTIONS"} & os.environ.keys() else GitHub
        return kind(os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"], token, event)
    return GitLab(os.environ["CI_API_V4_URL"], os.environ["CI_PROJECT_ID"], token)


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A finished program; its complaints are in the job's log."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {done.returncode}.")
    return done


def code_span(text: str) -> str:
    """Text of a repository as it may stand in a comment: no markup, no mention, one line."""
    return f"<code>{html.escape(' '.join(text.split())).replace('@', '&#64;')}</code>"


def checked() -> tuple[int, str]:
    """The exit code of the check, and what it found as Markdown."""
    done = run("gitkb", "check", "--kb", ".", "--json", check=False)
    if done.returncode not in (0, PROBLEMS):
        raise SystemExit(f"gitkb check ended with exit code {done.returncode}.")
    found = json.loads(done.stdout)["problems"]
    lines = [f"- {code_span(each['path'])}: {code_span(each['message'])}" for each in found[:MAX_PROBLEMS]]
    if len(found) > MAX_PROBLEMS:
        lines.append(f"- and {len(found) - MAX_PROBLEMS} more")
    return done.returncode, "\n".join(["**The knowledge base would be broken**", "", *lines, "", ""]) if found else ""


def request(host: GitHub | GitLab) -> int:
    """Checks the merged state and shows what the request changes."""
    base, head = host.range()
    unmerged = merge(host.target())
    code, problems = checked()
    diff = run("gitkb", "diff", f"{base}...{head}", "--kb", ".", "--format", "markdown").stdout
    text = f"{MARKER}\n\n{unmerged}{problems}{diff}"
    try:
        if not host.token:
            raise Refused(401, "there is no token")
        host.comment(shortened(text))
    except Refused as refused:
        print(f"The comment was not posted ({refused}); the text is in the job's summary.", flush=True)
    show(text)
    return code


def merge(target: str) -> str:
    """Merges a branch of origin into what is checked out; what to say where that is not possible without a person."""
    if not target:
        return ""
    git("fetch", "--quiet", "origin", f"+refs/heads/{target}:refs/remotes/origin/{target}")
    who = ("-c", "user.name=gitkb", "-c", "user.email=gitkb@localhost")
    if run("git", *who, "merge", "--quiet", "--no-edit", f"refs/remotes/origin/{target}", check=False).returncode:
        run("git", "merge", "--abort", check=False)
        return f"**It does not merge into {code_span(target)} by itself**, so the branch alone was checked.\n\n"
    return ""


def quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def shortened(text: str) -> str:
    """A text that a comment can hold, cut between two lines, or within a line that alone is too long."""
    if len(text) <= MAX_COMMENT:
        return text
    most = MAX_COMMENT - 100
    end = text.rfind("\n", 0, most)
    return f"{text[: end if end > 0 else most]}\n\nThe rest is in the job's summary.\n"


def show(text: str) -> None:
    """Leaves the text where a person finds it without any right to comment."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(text)
        return
    Path("gitkb-diff.md").write_text(text, encoding="utf-8")
    print(text, flush=True)


def refresh(host: GitHub | GitLab) -> int:
    """Commits pending pages and pushes them, or keeps a request with them open."""
    branch = host.branch()
    for _ in range(TRIES):
        before = fetched(branch)
        run("git", "checkout", "--quiet", "-B", branch, before)
        run("gitkb", "refresh", "--kb", ".")
        if run("git", "rev-parse", "HEAD").stdout.strip() == before:
            return 0
        if push(f"HEAD:refs/heads/{branch}"):
            return 0
        if fetched(branch) == before:
            return propose(host, branch)
    raise SystemExit(f"{branch} kept moving; the next push to it tries again.")


def propose(host: GitHub | GitLab, branch: str) -> int:
    """Nobody came first, so the branch is protected: the pages go into a request of their own."""
    if not push(f"+HEAD:refs/heads/{BRANCH}"):
        raise SystemExit(f"Neither {branch} nor {BRANCH} could be pushed: give the token the right to write.")
    try:
        print(f"{branch} is protected; the pages are in {host.request(BRANCH, branch)}", flush=True)
    except Refused as refused:
        raise SystemExit(f"{BRANCH} was pushed, but no request could be opened ({refused}).") from refused
    return 0


def fetched(branch: str) -> str:
    git("fetch", "--quiet", "origin", f"+refs/heads/{branch}:refs/remotes/origin/{branch}")
    return run("git", "rev-parse", f"refs/remotes/origin/{branch}").stdout.strip()


def push(what: str) -> bool:
    return git("push", "--quiet", "origin", what, check=False).returncode == 0


def git(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """git with the remote, and with the token, which git asks for and finds in the environment: it is in no file."""
    helper = '!f() { echo username=x-access-token; echo "password=$GITKB_TOKEN"; }; f'
    asks = ("-c", "credential.helper=", "-c", f"credential.helper={helper}") if os.environ.get("GITKB_TOKEN") else ()
    return run("git", *asks, *arguments, check=check)


def main(arguments: list[str]) -> int:
    commands = {"request": request, "refresh": refresh}
    if len(arguments) != 1 or arguments[0] not in commands:
        raise SystemExit("usage: review.py request|refresh")
    return commands[arguments[0]](service())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
