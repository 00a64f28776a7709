using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>A socket could not be bound. The message says why and, if possible, which process uses the port.</summary>
public sealed class PortBindException(string message, TransportAddress address) : IOException(message)
{
    public TransportAddress Address { get; } = address;
}
