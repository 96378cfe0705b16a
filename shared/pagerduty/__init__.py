"""Everything that knows how PagerDuty speaks."""
