using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Integration.Transceiver;

public sealed class TransceiverOverTcpTests() : TransceiverTests(LinkScheme.Tcp);
