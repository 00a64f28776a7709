using Dapr.Voice.Contracts;
using Dapr.Voice.Relay;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class OpenFileLimitTests
{
    [Theory]
    [InlineData("Limit                     Soft Limit           Hard Limit           Units     \nMax open files            "
    + "1024                 4096                 files     \n", 1024)]
    [InlineData("Max open files            unlimited            unlimited            files     \n", int.MaxValue)]
    [InlineData("Max open files\n", int.MaxValue)]
    [InlineData("", int.MaxValue)]
    public void Parse_LimitsOfAProcess_GivesTheSoftOne(string limits, int expected) => Assert.Equal(expected, OpenFiles.ParseLimit(limits));

    [Fact]
    public void Read_ThisProcess_IsWhatTheRuntimeRaisedItTo()
        => Assert.InRange(OpenFiles.Limit(), 256, int.MaxValue);

    [Theory]
    [InlineData(16_384, int.MaxValue, 16_384)]
    [InlineData(16_384, 1_048_576, 16_384)]
    [InlineData(16_384, 4096, 4096 - OpenFileLimit.Reserved)]
    [InlineData(16_384, 256, OpenFileLimit.FewestConnections)]
    [InlineData(3, 256, 3)]
    public void Fit_DescriptorsForFewer_LeavesRoomForAllElse(int wanted, int limit, int expected)
        => Assert.Equal(expected, OpenFileLimit.Fit(wanted, limit));

    [Fact]
    public void Options_FewDescriptors_BoundTheConnections()
    {
        var options = new RelayOptions { MaximumTcpConnections = 1000, OpenFiles = OpenFileLimit.Reserved + 100 };
        Assert.Equal(100, options.TcpConnections);
        Assert.Equal(1000, new RelayOptions { MaximumTcpConnections = 1000 }.TcpConnections);
    }
}
