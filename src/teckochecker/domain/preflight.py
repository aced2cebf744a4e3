"""What the surroundings of a job mean for it: each fact judged, in a sentence with its cure.

Errors are what would surely make the job fail. What could not be read is never held against it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from teckochecker.domain.batch import BatchMissing, BatchStatus, Looked, LookUpFailed
from teckochecker.domain.configuration import FLOWS, Configuration
from teckochecker.domain.findings import Finding, Level
from teckochecker.domain.token import Token
from teckochecker.domain.values import OWN_VARIABLES, BatchId, KeboolaTarget

SOON: Final = timedelta(days=7)


@frozen(kw_only=True)
class Unread:
    """Something that could not be read, and the service's status where it gave one."""

    why: str
    http: int | None = None


@frozen(kw_only=True)
class Consumer:
    """A configuration that takes the variables: the target itself, or what a flow runs. None: it is not linked."""

    configuration: Configuration
    variables: Configuration | Unread | None = None


@frozen(kw_only=True)
class TargetSeen:
    """What was read of a target. `search` is what kept jobs from being searched."""

    token: Token | Unread
    configuration: Configuration | Unread
    consumers: tuple[Consumer, ...] | Unread = ()
    search: Unread | None = None


@frozen(kw_only=True)
class TargetJudge:
    """Judges a target of a Keboola secret of this name."""

    target: KeboolaTarget
    secret: str
    seen: TargetSeen
    at: datetime

    @property
    def sends(self) -> frozenset[str]:
        """The names that a run is sent."""
        return OWN_VARIABLES | self.target.variables.keys()

    @property
    def defaults(self) -> Mapping[str, str]:
        """Stored values that what is sent would replace."""
        match self.seen:
            case TargetSeen(consumers=(Consumer(variables=Configuration() as variables) as consumer,)):
                if self.target.component_id not in FLOWS:
                    values = variables.values(consumer.configuration.values_id)
                    return {name: value for name, value in values.items() if name not in self.sends}
        return {}

    def findings(self) -> Iterator[Finding]:
        """All that there is to say."""
        token, configuration = self.seen.token, self.seen.configuration
        if isinstance(token, Unread) and token.http == 401:
            yield _error(
                "Keboola token",
                f"{self.target.stack_url} does not take secret '{self.secret}' ({token.why}). A token works on its own "
                "stack alone: check the stack URL, or replace the secret",
            )
            return
        yield from self._token(token)
        if isinstance(configuration, Unread):
            yield self._unread_configuration(configuration)
        else:
            yield from self._configuration(configuration)
            yield from self._consumers()
        yield self._search()

    def _token(self, token: Token | Unread) -> Iterator[Finding]:
        if isinstance(token, Unread):
            yield _unchecked("Keboola token", token.why)
            return
        yield _fine("Keboola token", f"opens project '{token.project.name}' ({token.project.id})")
        if not token.may_run(self.target.component_id):
            why = "only reads" if token.role == "readOnly" else "was not given it"
            yield _error(
                "Component",
                f"secret '{self.secret}' may not run {self.target.component_id}; its token {why}: give it access to "
                "the component in Keboola, or use another one",
            )
        if token.doubtful:
            yield _warning("Component", f"Keboola may refuse the run: {token.doubtful}")
        if token.expires_at and token.expires_at - self.at < SOON:
            yield _warning(
                "Keboola token",
                f"expires at {_moment(token.expires_at)}, and batches may take a day; renew it in Keboola, then: "
                f"teckochecker secret replace {self.secret}",
            )

    def _unread_configuration(self, unread: Unread) -> Finding:
        target = self.target
        if unread.http != 404:
            return _unchecked("Configuration", unread.why)
        branch = f"branch {target.branch_id}" if target.branch_id else "the main branch"
        return _error(
            "Configuration",
            f"there is no configuration {target.configuration_id} of {target.component_id} in {branch} of the project; "
            f"list what there is: teckochecker keboola configs --secret {self.secret}",
        )

    def _configuration(self, configuration: Configuration) -> Iterator[Finding]:
        if configuration.disabled:
            yield _error("Configuration", f"'{configuration.name}' is disabled; enable it in Keboola")
        missing = [row for row in self.target.row_ids if row not in {known.id for known in configuration.rows}]
        if missing:
            yield _error("Configuration", f"'{configuration.name}' has no row {', '.join(missing)}; name rows it has")
        if not configuration.disabled and not missing:
            yield _fine("Configuration", f"is '{configuration.name}'")

    def _consumers(self) -> Iterator[Finding]:
        consumers = self.seen.consumers
        if isinstance(consumers, Unread):
            yield _unchecked("Variables", consumers.why)
            return
        if all(consumer.variables is None for consumer in consumers):
            yield _warning("Variables", self._nowhere())
        for consumer in consumers:
            match consumer.variables:
                case Configuration() as variables:
                    yield from self._variables(consumer.configuration, variables)
                case Unread(why=why):
                    yield _unchecked("Variables", why)

    def _nowhere(self) -> str:
        target = self.target
        what = "nothing in this flow is linked" if target.component_id in FLOWS else "the configuration is not linked"
        whose = f"--component-id {target.component_id} --config-id {target.configuration_id}"
        if target.component_id in FLOWS:
            whose = "--component-id … --config-id … of each task that takes them"
        branch = f" --branch-id {target.branch_id}" if target.branch_id else ""
        return (
            f"{what} to variables, so Keboola would drop all that is sent, without a word; link it with: teckochecker "
            f"keboola setup --secret {self.secret} --stack {target.stack_url}{branch} {whose}"
        )

    def _variables(self, configuration: Configuration, variables: Configuration) -> Iterator[Finding]:
        given = self.sends | variables.values(configuration.values_id).keys()
        taken = {*variables.declared, *configuration.placeholders}
        if lacking := [name for name in variables.declared if name not in given]:
            yield self._lacking(configuration, lacking)
        if open_places := sorted(configuration.placeholders - given - set(variables.declared)):
            yield _warning(
                "Variables",
                f"'{configuration.name}' has placeholders for {_named(open_places)}, to which nothing is sent; give "
                "them to the job as further variables, or take the placeholders out",
            )
        if not taken & self.sends:
            yield _warning("Variables", f"'{configuration.name}' takes none of the variables that are sent")
        elif dropped := sorted(self.target.variables.keys() - taken):
            yield _warning(
                "Variables", f"'{configuration.name}' does not take {_named(dropped)}, so Keboola drops them"
            )
        elif not lacking:
            yield _fine("Variables", f"'{configuration.name}' takes {len(taken & self.sends)} of those that are sent")
        if self.defaults:
            yield _warning(
                "Variables",
                f"what is sent replaces the stored values of {_named(self.defaults)}, so these are sent along, as they "
                "are when the run is started",
            )

    def _lacking(self, configuration: Configuration, names: Collection[str]) -> Finding:
        """Of a flow it is not known for sure what becomes of them."""
        says = f"'{configuration.name}' declares {_named(names)}, to which nothing is sent"
        cure = "give them to the job as further variables, or store defaults for them in Keboola"
        if self.target.component_id in FLOWS:
            return _warning("Variables", f"{says}, so this task of the flow may fail; {cure}")
        return _error("Variables", f"{says}, so the run would fail; {cure}")

    def _search(self) -> Finding:
        unread = self.seen.search
        if unread is None:
            return _fine("Search", "the token may search Keboola's jobs")
        if unread.http == 403:
            return _warning(
                "Search",
                "this token may not search Keboola's jobs, so a start whose answer is lost will wait for a person; use "
                "a token that may",
            )
        return _unchecked("Search", unread.why)


def judge_batches(
    secret: str, batches: Collection[BatchId], looked: Mapping[BatchId, Looked], silence: str
) -> Iterator[Finding]:
    """What OpenAI's answers mean. `silence` says why a batch has none."""
    rejected = next((one for one in looked.values() if isinstance(one, LookUpFailed) and one.credential_rejected), None)
    if rejected:
        yield _error("OpenAI key", f"secret '{secret}' is refused: {rejected.error}")
        return
    if any(not isinstance(answer, LookUpFailed) for answer in looked.values()):
        yield _fine("OpenAI key", f"secret '{secret}' reads batches")
    for batch_id in batches:
        yield _batch(batch_id, looked.get(batch_id), silence)


def _batch(batch_id: BatchId, answer: Looked | None, silence: str) -> Finding:
    about = f"Batch {batch_id}"
    match answer:
        case None:
            return _unchecked(about, silence)
        case LookUpFailed():
            return _unchecked(about, answer.error)
        case BatchMissing():
            return _warning(
                about, "OpenAI does not find it with this key (yet); check the ID, and that the key is of its project"
            )
    if answer.status.terminal:
        ended = f"has ended already: {answer.status}"
        return _fine(about, ended) if answer.status == BatchStatus.COMPLETED else _warning(about, ended)
    until = f", expires at {_moment(answer.expires_at)}" if answer.expires_at else ""
    return _fine(about, f"is {answer.status}{until}")


def _named(names: Collection[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _error(about: str, says: str) -> Finding:
    return Finding(level=Level.ERROR, about=about, says=says)


def _warning(about: str, says: str) -> Finding:
    return Finding(level=Level.WARNING, about=about, says=says)


def _unchecked(about: str, says: str) -> Finding:
    return Finding(level=Level.UNCHECKED, about=about, says=says)


def _fine(about: str, says: str) -> Finding:
    return Finding(level=Level.FINE, about=about, says=says)
