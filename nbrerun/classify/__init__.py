"""From observations to verdicts: plain rules, no kernel."""
