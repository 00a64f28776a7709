using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>A socket could not be bound; the message says why and, if it can be told, who has the port.</summary>
public sealed class PortBindException(string message, TransportAddress address) : IOException(message)
{
    public TransportAddress Address { get; } = address;
}
