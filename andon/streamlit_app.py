"""The script that ``streamlit run`` is given. It lives here because Streamlit puts its script's folder first on the import path."""

from __future__ import annotations

from dashboard.app import main

main()
