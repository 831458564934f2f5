"""An entry script like ``andon/streamlit_app.py`` whose engine is a synthetic store in this process; for tests in a browser."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from core.clock import FakeClock
from dashboard import app, data
from store.catalogs import StoredCatalogs
from store.client import Store
from store.migrations import migrate
from tests.dashboard.synthetic import NOW, Filler, catalog


@st.cache_resource
def _store() -> Store:
    opened = Store(f"chdb://{Path(os.environ['ANDON_DATA']) / 'store'}")
    migrate(opened)
    StoredCatalogs(opened, FakeClock(NOW)).taken(catalog())
    Filler(opened).fill(1000)
    return opened


data.connect_reader = lambda *_: _store().reader
app._clock = lambda: FakeClock(NOW)
app.main()
