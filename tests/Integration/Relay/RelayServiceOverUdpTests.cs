using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Integration.Relay;

public sealed class RelayServiceOverUdpTests() : RelayServiceTests(LinkScheme.Udp, "127.0.0.1");
