using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.State;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>Nothing in the development sidecar grows without bound.</summary>
public sealed class LimitTests
{
    [Fact]
    public void StateStore_OneKeyTooMany_IsRefusedAndOthersCanBeWritten()
    {
        var store = new RowStateStore(RowStoreKind.Memory, TimeProvider.System);
        for (int i = 0; i < StateStore.MaximumKeys; i++) Assert.Null(store.Save(Write($"k{i}", 1)));
        Assert.Equal(StateFailureKind.Error, store.Save(Write("one-more", 1))!.Kind);
        Assert.Null(store.Save(Write("k0", 1)));
        Assert.Null(store.Delete(Write("k1", 0)));
        Assert.Null(store.Save(Write("one-more", 1)));
    }

    [Fact]
    public void StateStore_OneByteTooMany_IsRefusedUntilRoomIsMade()
    {
        var store = new RedisStateStore(TimeProvider.System);
        byte[] big = new byte[StateStore.MaximumBytes / 4];
        for (int i = 0; i < 4; i++) Assert.Null(store.Save(new StateRequest($"k{i}", big, null, null, null, null)));
        Assert.Equal(StateFailureKind.Error, store.Save(Write("small", 1))!.Kind);
        Assert.Null(store.Delete(Write("k0", 0)));
        Assert.Null(store.Save(Write("small", 1)));
    }

    [Fact]
    public async Task TopicStream_EventsTooMany_TheOldestGo()
    {
        using var stream = new TopicStream(keepsHistory: true);
        for (int i = 0; i < TopicStream.MaximumEvents + 10; i++) stream.Publish(new BrokerEvent(BitConverter.GetBytes(i), null, ""));
        var consumer = new CollectingConsumer(TopicStream.MaximumEvents);
        using IDisposable membership = stream.Subscribe("late", consumer);
        await consumer.Enough.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(10, consumer.First);
    }

    [Fact]
    public void Broker_TopicsTooMany_AreRefused()
    {
        using var broker = new Broker(keepsHistory: true);
        for (int i = 0; i < Broker.MaximumTopics; i++) Assert.Null(broker.Publish($"t{i}", new BrokerEvent(default, null, "")));
        Assert.NotNull(broker.Publish("one-more", new BrokerEvent(default, null, "")));
        Assert.Null(broker.Publish("t0", new BrokerEvent(default, null, "")));
    }

    [Fact]
    public void TopicStream_GroupsTooMany_AreRefused()
    {
        using var stream = new TopicStream(keepsHistory: false);
        for (int i = 0; i < TopicStream.MaximumGroups; i++) stream.Subscribe($"g{i}", new CollectingConsumer(1));
        Assert.Throws<ResourceException>(() => stream.Subscribe("one-more", new CollectingConsumer(1)));
    }

    private static StateRequest Write(string key, int bytes) => new(key, new byte[bytes], null, null, null, null);

    private sealed class CollectingConsumer(int enough) : IEventConsumer
    {
        private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public DeliveryWorkers Workers { get; } = new(1);

        public int First { get; private set; } = -1;

        public Task Enough => _enough.Task;

        public Task<DeliveryEnd> DeliverAsync(BrokerEvent delivered, TaskCompletionSource firstAttempt)
        {
            if (_count++ == 0) First = BitConverter.ToInt32(delivered.Body.Span);
            if (_count == enough) _enough.TrySetResult();
            return Task.FromResult(DeliveryEnd.Done);
        }
    }
}
