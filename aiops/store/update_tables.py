"""The table of status updates that people sent."""

from sqlalchemy import Text
from sqlmodel import Field

from aiops.store.columns import AiopsRow, table_of


class StatusUpdateRow(AiopsRow, table=True):
    """What a person sent to stakeholders, under the incident's revision that tells of it.

    Never changed and never forgotten: it is what the company said.
    """

    __tablename__ = "status_updates"

    incident_id: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    doc: str = Field(sa_type=Text)


STATUS_UPDATES = table_of(StatusUpdateRow)
