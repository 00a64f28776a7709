using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Integration.Relay;

/// <summary>The transceiver's record has a host name, as in a container environment.</summary>
public sealed class RelayServiceOverTcpTests() : RelayServiceTests(LinkScheme.Tcp, "localhost");
