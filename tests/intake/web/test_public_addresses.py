"""Which IP addresses may be fetched from: those that are public, whatever they are wrapped in."""

import pytest

from gitkb.intake.web.http_wire import is_public


@pytest.mark.parametrize(
    "address",
    "8.8.8.8 1.1.1.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 2606:4700::5efe:808:808".split(),
)
def test_a_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    (
        "127.0.0.1 127.8.9.1 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 "
        "255.255.255.255 240.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 "
        "::1 :: ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe "
        "64:ff9b:1::808:808 2002:7f00:1::1 2002:c0a8:101::1 2001:0:53aa:64c:0:fbff:80ff:fffe 2001:db8::1 3fff::1 "
        "fe80::1 fe80::1%eth0 2606:4700::1111%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2606:4700::5efe:7f00:1 100::1 "
        "localhost 2130706433 0x7f000001"
    ).split(),
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)
