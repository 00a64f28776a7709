namespace Dapr.Voice.Wire;

/// <summary>
/// Where a datagram came from and how to answer it: the remote address, and the base it arrived on (RFC 8445, section 5.1.1.1).
/// A base is a number the owner of the sockets gives out: a local socket at our own caller, a relay link and its ingress at a transceiver.
/// </summary>
/// <param name="Base">Given out by the owner of the sockets; meaningless to protocols, who only hand it back.</param>
/// <param name="Remote">The peer's address as seen by the outermost hop (the relay's view of the client).</param>
public readonly record struct TransportPath(int Base, TransportAddress Remote);
