using System.Text;
using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class LinkRelayIdTests
{
    [Theory]
    [InlineData("relay-0.3", "relay-0.3")]
    [InlineData("relay-0.3a", "relay-0.3")]
    [InlineData("relay-0.12h", "relay-0.12")]
    [InlineData("relay-0.3i", "relay-0.3i")]
    [InlineData("relay-0a", "relay-0a")]
    [InlineData("relay.a", "relay.a")]
    [InlineData("a", "a")]
    public void FamilyOf_Id_IsThatOfTheWorker(string id, string family) => Assert.Equal(family, LinkRelayId.FamilyOf(id).ToString());

    [Fact]
    public void Of_LongestId_FitsIntoHello()
    {
        string id = LinkRelayId.Of(new string('r', LinkRelayId.MaximumConfiguredLength), 63, LinkRelayId.MaximumConnections - 1);
        Assert.True(LinkHello.IsValidRelayId(Encoding.ASCII.GetBytes(id)));
        Assert.Equal(LinkRelayId.Of(new string('r', LinkRelayId.MaximumConfiguredLength), 63), LinkRelayId.FamilyOf(id).ToString());
    }
}
