using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class DatagramShelfTests
{
    private static readonly TransportPath Path = new(3, TransportAddress.FromIPv4(0xC0000201, 5000));

    [Fact]
    public void TryGet_AfterTryAdd_GivesDatagramsInOrder()
    {
        var shelf = new DatagramShelf();
        Assert.True(shelf.TryOpen(7));
        Assert.True(shelf.TryAdd(7, [1, 2], Path));
        Assert.True(shelf.TryAdd(7, [3], Path));
        Assert.True(shelf.TryGet(7, 0, out Span<byte> first, out TransportPath from));
        Assert.Equal([1, 2], first.ToArray());
        Assert.Equal(Path, from);
        Assert.True(shelf.TryGet(7, 1, out Span<byte> second, out _));
        Assert.Equal([3], second.ToArray());
        Assert.False(shelf.TryGet(7, 2, out _, out _));
    }

    [Fact]
    public void TryAdd_NinthDatagram_IsRefused()
    {
        var shelf = new DatagramShelf();
        shelf.TryOpen(7);
        for (int i = 0; i < DatagramShelf.MaximumDatagrams; i++) Assert.True(shelf.TryAdd(7, [0], Path));
        Assert.False(shelf.TryAdd(7, [0], Path));
        Assert.Equal(DatagramShelf.MaximumDatagrams, shelf.Close(7));
        Assert.Equal(0, shelf.Close(7));
    }

    [Fact]
    public void TryAdd_LongerThanADatagramMayBe_IsRefused()
    {
        var shelf = new DatagramShelf();
        shelf.TryOpen(7);
        Assert.False(shelf.TryAdd(7, new byte[DatagramShelf.MaximumDatagramBytes + 1], Path));
    }

    [Fact]
    public void TryOpen_MoreThanTheMaximum_IsRefusedUntilOneCloses()
    {
        var shelf = new DatagramShelf();
        for (ulong id = 0; id < DatagramShelf.MaximumPending; id++) Assert.True(shelf.TryOpen(id));
        Assert.False(shelf.TryOpen(1000));
        shelf.Close(3);
        Assert.True(shelf.TryOpen(1000));
        Assert.False(shelf.TryGet(1000, 0, out _, out _));
    }

    [Fact]
    public void TryOpen_OfTheSameSession_IsRefused()
    {
        var shelf = new DatagramShelf();
        Assert.True(shelf.TryOpen(7));
        Assert.False(shelf.TryOpen(7));
    }
}
