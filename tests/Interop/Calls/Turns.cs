namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>
/// Lets a few peers act at the same time. The others wait, or keep their calls alive. If all eight connect, speak and recognise at once,
/// two cores do not keep up with the stacks that are not compiled. Thread-safe.
/// </summary>
internal sealed class Turns : IDisposable
{
    private const int AtOnce = 3;

    private readonly SemaphoreSlim _free = new(AtOnce, AtOnce);

    public async Task TakeAsync(Func<Task> step)
    {
        await _free.WaitAsync();
        try
        {
            await step();
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose() => _free.Dispose();
}
