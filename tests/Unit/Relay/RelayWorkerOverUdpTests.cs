using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class RelayWorkerOverUdpTests() : RelayWorkerTests(LinkScheme.Udp);
