"""Where a file of a commit is on the web: links for a review that is read away from the repository.

Invariant: a link names a commit, so it shows for ever what the reviewer saw; credentials in a remote's address never reach one. A
host that is not known gets no links rather than wrong ones.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s]+)")
_FORMS = {
    "github": "https://{host}/{path}/blob/{commit}/",
    "gitlab": "https://{host}/{path}/-/blob/{commit}/",
    "gitea": "https://{host}/{path}/src/commit/{commit}/",
    "forgejo": "https://{host}/{path}/src/commit/{commit}/",
    "codeberg": "https://{host}/{path}/src/commit/{commit}/",
    "bitbucket": "https://{host}/{path}/src/{commit}/",
}


@dataclass(frozen=True, slots=True)
class WebLinks:
    """The web addresses of files; `form` has a place for the commit."""

    form: str

    def file(self, commit: str, path: str, anchor: str = "") -> str:
        """The address of a file at a commit, safe inside a Markdown link."""
        fragment = f"#{quote(anchor, safe='')}" if anchor else ""
        return self.form.format(commit=commit) + quote(path, safe="/-._~", errors="surrogateescape") + fragment


def web_links(remote: str, service: str = "") -> WebLinks | None:
    """The links for a remote's address, None where its host is of no known kind; `service` ("gitlab") says what it is."""
    found = project_of(remote.strip())
    if found is None:
        return None
    host, path = found
    form = next((form for name, form in _FORMS.items() if name == service or name in host.lower().split(":")[0]), None)
    return None if form is None else WebLinks(form.replace("{host}", host).replace("{path}", path))


def project_of(remote: str) -> tuple[str, str] | None:
    """(host, path of the project) of a remote's address in any form that git takes."""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme not in ("https", "http", "ssh", "git"):
            return None
        if port is not None and parts.scheme in ("https", "http"):
            host = f"{host}:{port}"
        path = parts.path
    else:
        scp = _SCP.fullmatch(remote)
        if scp is None:
            return None
        host, path = scp["host"], scp["path"]
    path = path.strip("/").removesuffix(".git")
    if not host or "/" not in path or re.search(r"[{}\s()<>\"'?#]", path + host):
        return None
    return host, quote(path, safe="/-._~%")
