"""How Storage writes its things down, empty objects as `[]` as PHP sends them."""

from __future__ import annotations

from typing import Any

from teckochecker.entrypoints.simulator.moments import keboola_time
from teckochecker.entrypoints.simulator.project import Component, Configuration, Row, Token


def token_shape(token: Token) -> dict[str, Any]:
    """The answer of token verification; it echoes the secret, as the real one does."""
    project = int(token.project_id) if token.project_id.isdigit() else token.project_id
    shape: dict[str, Any] = {
        "id": token.id,
        "token": token.value,
        "created": "2026-01-05T09:00:00+0000",
        "refreshed": "2026-01-05T09:00:00+0000",
        "description": token.description,
        "uri": f"/v2/storage/tokens/{token.id}",
        "isMasterToken": token.is_master,
        "canManageBuckets": token.can_manage_buckets,
        "canManageTokens": token.is_master,
        "canReadAllFileUploads": token.is_master,
        "canPurgeTrash": token.is_master,
        "canCreateJobs": token.role != "readOnly",
        "expires": token.expires,
        "isExpired": token.is_expired,
        "isDisabled": token.is_disabled,
        "bucketPermissions": [],
        "creatorToken": {"id": 1, "description": "dev@example.com"},
        "owner": {
            "id": project,
            "name": token.project_name,
            "type": "production",
            "region": "eu-central-1",
            "features": token.features,
            "limits": [],
            "isDisabled": False,
        },
        "organization": {"id": "12"},
    }
    if token.component_access is not None:
        shape["componentAccess"] = token.component_access
    if token.is_master:
        shape["admin"] = {"id": 1, "name": "Developer", "role": token.role or "admin", "features": []}
    return shape


def component_shape(component: Component) -> dict[str, Any]:
    return {
        "id": component.id,
        "type": component.type,
        "name": component.name,
        "description": f"Simulated {component.name}",
        "longDescription": None,
        "version": 1,
        "hasUI": False,
        "flags": [],
        "data": [],
        "ico32": None,
        "ico64": None,
        "documentationUrl": None,
    }


def configuration_shape(stored: Configuration, token: Token, *, body: bool = True) -> dict[str, Any]:
    creator = {"id": int(token.id) if token.id.isdigit() else token.id, "description": token.description}
    created = keboola_time(stored.created_at)
    shape: dict[str, Any] = {
        "id": stored.id,
        "name": stored.name,
        "description": stored.description,
        "created": created,
        "creatorToken": creator,
        "version": stored.version,
        "changeDescription": stored.change,
        "isDisabled": stored.is_disabled,
        "isDeleted": stored.is_deleted,
        "currentVersion": {
            "created": created,
            "creatorToken": creator,
            "changeDescription": stored.change,
            "versionIdentifier": f"01simulated{stored.id}v{stored.version}",
        },
    }
    if body:
        shape |= {
            "configuration": stored.configuration or [],
            "rowsSortOrder": [],
            "rows": [row_shape(row, token) for row in stored.rows.values()],
            "state": [],
        }
    return shape


def row_shape(row: Row, token: Token) -> dict[str, Any]:
    creator = {"id": int(token.id) if token.id.isdigit() else token.id, "description": token.description}
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "configuration": row.configuration or [],
        "isDisabled": row.is_disabled,
        "version": row.version,
        "created": keboola_time(row.created_at),
        "creatorToken": creator,
        "changeDescription": row.change,
        "state": [],
    }
