"""The composition root: the one room that knows all parts, and how each of them is built.

Nothing is built, opened or even imported before it is asked for: a command that only reads the database loads no
HTTP. Whatever has to be closed registers that with the container's stack when it is opened.

    async with running(Container(settings=settings)) as container:
        await container.schema()()
        jobs = container.jobs()
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext

from dependency_injector import containers, providers

from teckochecker.adapters.clock import SeededChance, StandingClock, SystemChance, SystemClock
from teckochecker.adapters.lately import Lately
from teckochecker.adapters.publisher import Publisher
from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import Audit
from teckochecker.application.checks import CheckedJobs
from teckochecker.application.crew import Crew
from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.definitions import Definitions
from teckochecker.application.health import Health, Pulse, Statistics
from teckochecker.application.housekeeping import Housekeeping
from teckochecker.application.inquiry import Inquiry
from teckochecker.application.keeping import Keeping
from teckochecker.application.keyring import Keyring
from teckochecker.application.notices import Notices
from teckochecker.application.ports import BatchGateway, Clock, ConfigurationGateway, WorkflowGateway
from teckochecker.application.preflight import Preflight
from teckochecker.application.presence import Presence
from teckochecker.application.receiving import Receiving
from teckochecker.application.runs import KeboolaRuns
from teckochecker.application.secrets import Secrets
from teckochecker.application.service import Service
from teckochecker.application.sessions import Sessions
from teckochecker.application.steps import Steps
from teckochecker.application.tokens import Tokens
from teckochecker.application.triggering import Triggering
from teckochecker.application.watching import Watching, WatchPolicy
from teckochecker.application.webhooks import Webhooks
from teckochecker.domain.events import Event
from teckochecker.domain.protocol import TriggerPolicy
from teckochecker.entrypoints import opening
from teckochecker.entrypoints.settings import Settings


def _trigger_policy(settings: Settings) -> TriggerPolicy:
    return TriggerPolicy(
        grace=settings.trigger_search_grace,
        resend_delay=settings.trigger_resend_delay,
        resend=settings.trigger_on_unknown == "resend",
        tell_after=settings.max_retries,
        retry_delay=settings.retry_delay,
    )


def _report(error: Exception, event: Event) -> None:
    logging.getLogger("teckochecker").error("A subscriber failed on '%s'", event.kind, exc_info=error)


def _same(clock: Clock) -> Clock:
    return clock


class Container(containers.DeclarativeContainer):
    """All parts. Singletons live until the container is left, factories make a fresh one each time."""

    settings = providers.Dependency(instance_of=Settings)
    actor = providers.Dependency(instance_of=Actor, default=LIBRARY)
    stack = providers.Singleton(opening.stack)

    clock = providers.Singleton(SystemClock)
    chance = providers.Singleton(SystemChance)
    publisher = providers.Singleton(Publisher, _report)
    cipher = providers.Singleton(opening.LateCipher, settings)

    engine = providers.Singleton(opening.engine, stack, settings.provided.database_url)
    schema = providers.Factory(opening.schema, engine)
    wakeups = providers.Singleton(opening.wakeups, engine, clock)
    listening = providers.Factory(opening.listening, wakeups)
    subscription = providers.Singleton(opening.subscription, settings)
    store = providers.Singleton(opening.store, engine, clock, publisher, wakeups, subscription)

    metrics = providers.Singleton(opening.metrics, publisher)
    telemetry = providers.Singleton(Lately, providers.Singleton(opening.telemetry, stack, metrics), clock)
    openai_transport = providers.Singleton(opening.transport, stack, settings, telemetry, "openai")
    keboola_transport = providers.Singleton(opening.transport, stack, settings, telemetry, "keboola")
    batches = providers.Singleton(opening.openai, openai_transport, clock, settings)
    workflows = providers.Singleton(opening.keboola, keboola_transport, clock, settings)
    configurations = providers.Singleton(opening.storage, keboola_transport, clock, settings)

    patience = providers.Callable(_same, clock)
    preflight = providers.Factory(
        Preflight,
        keyring=providers.Factory(Keyring, store=store, cipher=cipher, workflows=workflows),
        batches=batches,
        configurations=configurations,
        clock=patience,
    )
    jobs = providers.Factory(
        CheckedJobs,
        preflight=preflight.provider,
        store=store,
        bounds=settings.provided.intervals,
        allowed_stacks=settings.provided.keboola_allowed_stacks,
        actor=actor,
    )
    secrets = providers.Factory(
        Secrets,
        store=store,
        cipher=cipher,
        clock=clock,
        openai_base_url=settings.provided.openai_base_url,
        allowed_stacks=settings.provided.keboola_allowed_stacks,
        actor=actor,
    )
    webhooks = providers.Factory(Webhooks, store=store, cipher=cipher)
    definitions = providers.Factory(Definitions, jobs=jobs)
    takeover = providers.Factory(
        opening.takeover,
        store=store,
        cipher=cipher,
        clock=clock,
        bounds=settings.provided.intervals,
        allowed_stacks=settings.provided.keboola_allowed_stacks,
        actor=actor,
    )
    inquiry = providers.Factory(
        Inquiry,
        batches=batches,
        lists=batches,
        workflows=workflows,
        queues=workflows,
        configurations=configurations,
        clock=clock,
        grace=settings.provided.trigger_search_grace,
    )
    receiving = providers.Factory(Receiving, configurations=configurations)
    stored_defaults = providers.Factory(StoredDefaults, store=store, configurations=configurations, clock=clock)
    runs = providers.Factory(
        KeboolaRuns,
        store=store,
        workflows=workflows,
        cipher=cipher,
        clock=clock,
        defaults=stored_defaults,
        chance=chance,
        actor=actor,
    )
    audit = providers.Factory(Audit, store=store)
    tokens = providers.Factory(Tokens, store=store, clock=clock, chance=chance, actor=actor)
    sessions = providers.Factory(Sessions, store=store, clock=clock, chance=chance, actor=actor)
    pulse = providers.Singleton(Pulse, clock)
    health = providers.Factory(Health, store=store, clock=clock, pulse=pulse)
    statistics = providers.Factory(Statistics, store=store, clock=clock, pulse=pulse)
    owner = providers.Singleton(opening.owner, chance)
    stopping = providers.Singleton(asyncio.Event)
    presence = providers.Factory(
        Presence,
        store=store,
        clock=clock,
        instance=providers.Factory(opening.instance, owner, clock),
        told=pulse.provided.told,
    )
    crew = providers.Factory(Crew, publisher=publisher, clock=clock)
    notifier = providers.Singleton(opening.notifier, settings)
    notices = providers.Factory(
        Notices,
        store=store,
        notifier=notifier,
        clock=clock,
        crew=crew,
        owner=owner,
        channels=subscription.provided.channels,
        address=settings.provided.public_url,
        telemetry=telemetry,
    )
    watching = providers.Factory(
        Watching,
        store=store,
        batches=batches,
        cipher=cipher,
        clock=clock,
        keeping=providers.Factory(
            Keeping,
            store=store,
            chance=chance,
            lease=settings.provided.lease,
            lost_after=settings.provided.batch_lost_after,
            telemetry=telemetry,
        ),
        crew=crew,
        owner=owner,
        policy=providers.Factory(WatchPolicy, lease=settings.provided.lease),
        telemetry=telemetry,
    )
    triggering = providers.Factory(
        Triggering,
        store=store,
        steps=providers.Factory(
            Steps,
            store=store,
            workflows=workflows,
            defaults=stored_defaults,
            cipher=cipher,
            clock=clock,
            chance=chance,
            policy=providers.Factory(_trigger_policy, settings),
        ),
        clock=clock,
        crew=crew,
        owner=owner,
        lease=settings.provided.lease,
        at_once=settings.provided.keboola_concurrency,
        telemetry=telemetry,
    )
    service = providers.Factory(
        Service,
        store=store,
        watching=watching,
        triggering=triggering,
        secrets=secrets,
        wakeups=wakeups,
        clock=clock,
        pulse=pulse,
        notices=notices,
        housekeeping=providers.Factory(
            Housekeeping, store=store, clock=clock, crew=crew, kept=settings.provided.retention
        ),
        lease=settings.provided.lease,
    )


async def _no_schema() -> bool:
    return False


def on_database(settings: Settings, batches: BatchGateway | None = None) -> Container:
    """A container on the database of these settings. `batches` takes the place of OpenAI's API."""
    container = Container(settings=settings)
    if batches is not None:
        container.override_providers(batches=providers.Object(batches))
    return container


def in_memory(
    settings: Settings,
    clock: Clock,
    batches: BatchGateway,
    workflows: WorkflowGateway,
    configurations: ConfigurationGateway,
) -> Container:
    """A container with its storage in memory, for as long as it is entered, and the surroundings that are given."""
    from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
    from teckochecker.adapters.scripted import ScriptedNotifier

    container = Container(settings=settings)
    memory = Memory(clock)
    container.override_providers(
        clock=providers.Object(clock),
        chance=providers.Singleton(SeededChance, 1),
        schema=providers.Object(_no_schema),
        wakeups=providers.Singleton(MemoryWakeups, memory),
        listening=providers.Factory(nullcontext),
        store=providers.Singleton(MemoryStore, memory, container.publisher, container.wakeups, container.subscription),
        batches=providers.Object(batches),
        workflows=providers.Object(workflows),
        configurations=providers.Object(configurations),
        notifier=providers.Singleton(ScriptedNotifier),
        patience=providers.Singleton(StandingClock, clock),
    )
    return container


@asynccontextmanager
async def running(container: Container) -> AsyncGenerator[Container]:
    """The container while its parts are used. Leaving it closes what was opened and forgets it.

    It may be entered again afterwards, in another event loop too.
    """
    async with container.stack():
        try:
            yield container
        finally:
            container.reset_singletons()
