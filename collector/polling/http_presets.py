"""What the APIs of well-known systems have in common: settings of ``http_poll`` that a source need not write, and may overrule.

Sources: OData 2.0 and 4.01 (URI conventions, JSON format), the OData API of SAP Cloud Integration, Salesforce's REST API developer guide.
"""

from __future__ import annotations

from typing import Any

_ODATA2 = {
    "records": "d.results",
    "pages": {"by": "link", "at": "d.__next"},
    "query": {"$filter": "{change} ge datetimeoffset'{since}'", "$orderby": "{change}", "$format": "json"},
}

PRESETS: dict[str, dict[str, Any]] = {
    "odata2": _ODATA2,
    "odata4": {
        "records": "value",
        "pages": {"by": "link", "at": "@odata.nextLink"},
        "query": {"$filter": "{change} ge {since}", "$orderby": "{change}"},
        "headers": {"prefer": "odata.maxpagesize=1000"},
    },
    "sap_cloud_integration": {
        **_ODATA2,
        "path": "/api/v1/MessageProcessingLogs",
        "query": {"$filter": "{change} ge datetime'{since_plain}'", "$orderby": "{change}", "$format": "json"},
        "key": "MessageGuid",
        "change": "LogEnd",
        "time_zone": "UTC",
    },
    "salesforce": {
        "records": "records",
        "pages": {"by": "link", "at": "nextRecordsUrl"},
        "path": "/services/data/v62.0/query",
        "key": "Id",
        "change": "SystemModstamp",
    },
}
