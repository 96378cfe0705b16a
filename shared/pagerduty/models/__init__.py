"""Pure: the objects in PagerDuty's REST replies."""
