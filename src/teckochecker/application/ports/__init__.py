"""Every port. A docstring here is the contract; adapters inherit its meaning.

Times are aware UTC. A unit of work is one transaction: leaving it without `commit()` undoes everything in it,
and no gateway is awaited inside one. Rows are locked in one order everywhere: group, jobs by id, trigger.
"""

from teckochecker.application.ports.access import SessionRepository, TokenRepository
from teckochecker.application.ports.kept import (
    CheckRepository,
    History,
    HistoryEntry,
    SecretRepository,
    Store,
    TriggerClaim,
    TriggerRepository,
    UnitOfWork,
)
from teckochecker.application.ports.noticed import (
    Address,
    Addressing,
    Notice,
    NoticeClaim,
    NoticeRepository,
    Notifier,
    to_nobody,
)
from teckochecker.application.ports.once import Made, Once, OnceKeys
from teckochecker.application.ports.running import FORGOTTEN_AFTER, Instance, Running, Services, Told
from teckochecker.application.ports.services import (
    BatchGateway,
    BatchLists,
    Component,
    ConfigurationGateway,
    Lease,
    QueueAddress,
    QueueDirectory,
    RunRequest,
    RunSearch,
    SecretCipher,
    WorkflowGateway,
)
from teckochecker.application.ports.surroundings import Chance, Clock, EventPublisher, Span, Telemetry, Wakeups
from teckochecker.application.ports.trail import AuditEntry, AuditPage, AuditQuery, AuditTrail
from teckochecker.application.ports.watched import GroupClaim, JobPage, JobQuery, JobRepository, JobSort, PollGroups

__all__ = [
    "FORGOTTEN_AFTER",
    "Address",
    "Addressing",
    "AuditEntry",
    "AuditPage",
    "AuditQuery",
    "AuditTrail",
    "BatchGateway",
    "BatchLists",
    "Chance",
    "CheckRepository",
    "Clock",
    "Component",
    "ConfigurationGateway",
    "EventPublisher",
    "GroupClaim",
    "History",
    "HistoryEntry",
    "Instance",
    "JobPage",
    "JobQuery",
    "JobRepository",
    "JobSort",
    "Lease",
    "Made",
    "Notice",
    "NoticeClaim",
    "NoticeRepository",
    "Notifier",
    "Once",
    "OnceKeys",
    "PollGroups",
    "QueueAddress",
    "QueueDirectory",
    "RunRequest",
    "RunSearch",
    "Running",
    "SecretCipher",
    "SecretRepository",
    "Services",
    "SessionRepository",
    "Span",
    "Store",
    "Telemetry",
    "TokenRepository",
    "Told",
    "TriggerClaim",
    "TriggerRepository",
    "UnitOfWork",
    "Wakeups",
    "WorkflowGateway",
    "to_nobody",
]
