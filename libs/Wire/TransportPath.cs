namespace Dapr.Voice.Wire;

/// <summary>
/// Where a datagram came from and how to answer it: the remote address, and the base on which it arrived (RFC 8445, section 5.1.1.1). A
/// base is a number that the owner of the sockets assigns. In our own caller it stands for a local socket; in a transceiver it stands for a
/// relay link and its ingress.
/// </summary>
/// <param name="Base">Assigned by the owner of the sockets. Protocols do not interpret it; they only hand it back.</param>
/// <param name="Remote">The peer's address as the outermost hop sees it: for a transceiver, the client's address at the relay.</param>
public readonly record struct TransportPath(int Base, TransportAddress Remote);
