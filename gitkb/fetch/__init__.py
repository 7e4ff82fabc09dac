"""Fetching from the web: `Fetcher` gets what is at an address, under rules that no page and no name server can get around.

Invariant: only http and https; only hosts whose every address is public, checked at the very connection and at each redirect;
never more bytes or seconds than allowed; a reply that was cut off is an error. Cookies are not kept, no key is sent.
"""
