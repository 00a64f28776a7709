using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Integration.Transceiver;

public sealed class TransceiverOverUdpTests() : TransceiverTests(LinkScheme.Udp);
