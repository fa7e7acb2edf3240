"""Many runs under one name: settings are chosen on validation, the winner alone reads the test."""
