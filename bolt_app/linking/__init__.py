"""How people link themselves to their PagerDuty user, and how the press goes on that led there."""
