using Xunit;

namespace Dapr.Voice.TestKit;

/// <summary>Waits for a condition. The limit is far above what a condition needs. It only ends a test that has failed.</summary>
public static class Wait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? atMost = null)
    {
        using var limit = new CancellationTokenSource(atMost ?? Limit);
        while (!await condition())
        {
            if (limit.IsCancellationRequested) Assert.Fail($"waited in vain for: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what, TimeSpan? atMost = null)
        => UntilAsync(() => Task.FromResult(condition()), what, atMost);
}
