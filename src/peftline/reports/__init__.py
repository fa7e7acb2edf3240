"""What people look at: the summary, pictures, pages."""
