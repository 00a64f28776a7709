using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

public sealed class ClientChannelTests
{
    [Fact]
    public void Send_ToAClientWithoutADataChannel_IsCounted()
    {
        using var host = new FakeAgentHost(sctpPort: null);
        using var channel = new ClientChannel(host);
        channel.Begin("session.created"u8);
        channel.Send();
        Assert.Empty(host.Events);
        Assert.Equal(1, host.Drops[SessionDrop.ClientEventNoChannel]);
    }

    [Fact]
    public void Send_MoreThanMayWaitForTheChannel_IsCountedAndTold()
    {
        using var host = new FakeAgentHost();
        using var channel = new ClientChannel(host);
        string text = new('x', ClientChannel.MaximumPendingBytes / 8);
        for (int i = 0; i < 8; i++)
        {
            channel.Begin("response.text.delta"u8).WriteString("delta"u8, text);
            channel.Send();
        }
        Assert.Equal(1, host.Drops[SessionDrop.ClientEventQueueFull]);
        channel.Open();
        Assert.Equal(7, host.Types.Count(type => type == "response.text.delta"));
        Assert.Equal("events_dropped", host.Last("error").GetProperty("error").GetProperty("code").GetString());
    }
}
