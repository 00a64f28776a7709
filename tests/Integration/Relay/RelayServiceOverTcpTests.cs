using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Integration.Relay;

/// <summary>The transceiver has a name in its record, as in a container environment.</summary>
public sealed class RelayServiceOverTcpTests() : RelayServiceTests(LinkScheme.Tcp, "localhost");
