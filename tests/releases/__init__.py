"""What each release left behind, and the proof that the code of today goes on from it.

A folder a release: ``data.tar.xz`` holds a data folder as that release wrote it, with its catalog; ``content.json`` says what its store
held; ``schema.sha256`` names every statement of its schema with its SHA-256. Made once for a release, from the root of the repository:

    .venv/bin/python -m tests.releases.make

Until a release is tagged, its folder is made again whenever its schema changes. From then on it never changes.
"""
