select allowed from workspace.record_usage('assistant', 100, 0.00045);
