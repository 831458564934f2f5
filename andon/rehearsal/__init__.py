"""``andon sla test``: users' scenarios of flows and SLAs, rehearsed by the engine's own stages in virtual time."""
