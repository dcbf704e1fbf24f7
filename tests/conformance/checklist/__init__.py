"""The checklist of BPMN, rule by rule: small plays, and what the real Camunda 7.24 did in each of them."""
