"""Statements of documents, put to the model and the ledgers: see docs/claims.md.

``question`` reads what is asked, ``ledger`` and ``model`` answer, ``words`` says what a wording allows, ``judge`` gives the verdicts.
"""
