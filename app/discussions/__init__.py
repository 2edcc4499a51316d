"""Questions and answers about a problem: threads in Markdown, an answer marked, moderated."""
