"""Books two charges twice and reads their cost back, with a client that checks every operation against the served schema."""

import sys

from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

endpoint, token = sys.argv[1:]
RECORD = gql(
    """
    mutation Record($input: RecordChargesInput!) {
      recordCharges(input: $input) { recorded replayed rejected userErrors { code } }
    }
    """
)
SPEND = gql('{ spend(from: "2026-01-01", to: "2026-02-01", groupBy: [MODEL]) { total { amount } } }')


def charge(number):
    return {
        "source": "gql",
        "externalId": f"call-{number}",
        "occurredAt": f"2026-01-0{number}T10:00:00Z",
        "provider": "openai",
        "model": "gpt-4o",
        "usage": {"inputTokens": 1200, "outputTokens": 300},
    }


transport = HTTPXTransport(url=endpoint, headers={"authorization": f"Bearer {token}"}, timeout=30)
with Client(transport=transport, fetch_schema_from_transport=True) as session:
    variables = {"input": {"charges": [charge(1), charge(2)]}}
    first, second = (session.execute(RECORD, variable_values=variables)["recordCharges"] for _ in range(2))
    total = session.execute(SPEND)["spend"]["total"]
print(f"recorded {first['recorded']}, replayed {second['replayed']}, total {total['amount']}")
