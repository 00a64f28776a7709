namespace Dapr.Voice.Hooks;

/// <summary>Waits for something that takes Azure minutes.</summary>
internal sealed class Wait(HookContext context)
{
    private readonly long _started = context.Time.GetTimestamp();

    /// <summary>The whole seconds since the wait began.</summary>
    public int Seconds => (int)context.Time.GetElapsedTime(_started).TotalSeconds;

    public int LimitSeconds => (int)context.Limit.TotalSeconds;

    public bool IsOver => context.Time.GetElapsedTime(_started) >= context.Limit;

    public Task PauseAsync(CancellationToken cancellation) => Task.Delay(context.Pause, context.Time, cancellation);
}
