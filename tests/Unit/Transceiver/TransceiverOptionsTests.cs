using Dapr.Voice.Hosting;
using Dapr.Voice.Transceiver;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver;

public sealed class TransceiverOptionsTests
{
    private static TransceiverOptions Read(string link, string advertised = "")
        => ServiceOptions.Read<TransceiverOptions>(new ConfigurationBuilder().AddInMemoryCollection(
        new Dictionary<string, string?> { ["Transceiver:LinkEndpoint"] = link, ["Transceiver:AdvertisedLinkEndpoint"] = advertised,
        ["Transceiver:Workers"] = "2" }).Build());

    [Theory]
    [InlineData("127.0.0.1:20000", "", "udp://127.0.0.1:20001", "udp://127.0.0.1:20001")]
    [InlineData("tcp://10.0.0.4:20000", "", "tcp://10.0.0.4:20001", "tcp://10.0.0.4:20001")]
    [InlineData("tcp://0.0.0.0:20000", "tcp://transceiver-01:20016", "tcp://0.0.0.0:20001", "tcp://transceiver-01:20017")]
    [InlineData("tcp://[::]:65534", "tcp://transceiver-01:20016", "tcp://[::]:65535", "tcp://transceiver-01:20017")]
    public void Read_Endpoints_EachWorkerHasAPortMore(string link, string advertised, string expectedLink, string expectedAdvertised)
    {
        TransceiverOptions options = Read(link, advertised);
        Assert.Equal((expectedLink, expectedAdvertised), (options.LinkOf(1).ToString(), options.AdvertisedLinkOf(1).ToString()));
    }

    [Theory]
    [InlineData("udp://0.0.0.0:20000", "", "Transceiver__LinkEndpoint: one private address")]
    [InlineData("0.0.0.0:20000", "udp://10.0.0.4:20000", "Transceiver__LinkEndpoint: one private address")]
    [InlineData("tcp://0.0.0.0:20000", "", "Transceiver__AdvertisedLinkEndpoint: needed")]
    [InlineData("tcp://transceiver-00:20000", "", "is a name; to listen takes an address")]
    [InlineData("sctp://10.0.0.4:20000", "", "begins with neither udp:// nor tcp://")]
    [InlineData("tcp://10.0.0.4:65535", "", "a lower port")]
    [InlineData("tcp://10.0.0.4:20000", "udp://10.0.0.4:20000", "Transceiver__AdvertisedLinkEndpoint: the same scheme")]
    [InlineData("tcp://10.0.0.4:20000", "tcp://t:65535", "Transceiver__AdvertisedLinkEndpoint: a lower port")]
    [InlineData("tcp://10.0.0.4:20000", "transceiver-00", "Transceiver__AdvertisedLinkEndpoint: 'transceiver-00' has no port")]
    public void Read_BadEndpoint_SaysWhichAndWhatIsRight(string link, string advertised, string expected)
        => Assert.Contains(expected, Assert.Throws<SettingsException>(() => Read(link, advertised)).Message, StringComparison.Ordinal);
}
