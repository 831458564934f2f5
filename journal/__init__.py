"""The journal: what was acknowledged, on disk before the acknowledgement, in the order of arrival."""
