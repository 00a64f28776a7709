using Grpc.Core;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// The result of a gRPC call to the sidecar. Outcomes depend only on <see cref="Status"/>. The sidecar of Container Apps (1.13.6) sends no
/// ErrorInfo, so the reason in an ErrorInfo must not decide anything.
/// </summary>
/// <param name="Value">The answer. It has a meaning only with <see cref="StatusCode.OK"/>.</param>
internal readonly record struct GrpcAnswer<T>(StatusCode Status, T? Value)
{
    public bool IsSuccess => Status == StatusCode.OK;

    /// <summary>A word for logs. It is the status, because a message may quote keys and values. Null on success.</summary>
    public string? ErrorCode => IsSuccess ? null : Status.ToString();

    /// <summary>True if the same request can never succeed without a change of configuration or of the request itself.</summary>
    public bool IsRefused => Status is StatusCode.InvalidArgument or StatusCode.Unauthenticated or StatusCode.PermissionDenied
        or StatusCode.NotFound
        or StatusCode.FailedPrecondition or StatusCode.Unimplemented or StatusCode.OutOfRange;
}

internal static class GrpcAnswer
{
    /// <summary>
    /// Waits for a call of Dapr's client. It throws <see cref="OperationCanceledException"/> only if the caller cancelled. If the deadline
    /// passed, the status is <see cref="StatusCode.DeadlineExceeded"/>; if the connection failed, it is <see
    /// cref="StatusCode.Unavailable"/>.
    /// </summary>
    public static async Task<GrpcAnswer<T>> OfAsync<T>(Deadline deadline, Func<CancellationToken, Task<T>> call)
    {
        try
        {
            return new GrpcAnswer<T>(StatusCode.OK, await call(deadline.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!deadline.IsCancelledByCaller)
        {
            return new GrpcAnswer<T>(StatusCode.DeadlineExceeded, default);
        }
        catch (DaprException e) when (e.InnerException is RpcException inner)
        {
            return new GrpcAnswer<T>(inner.StatusCode, default);
        }
        catch (RpcException e)
        {
            return new GrpcAnswer<T>(e.StatusCode, default);
        }
    }

    /// <summary>The same for a call without an answer. The value is true.</summary>
    public static Task<GrpcAnswer<bool>> OfAsync(Deadline deadline, Func<CancellationToken, Task> call)
        => OfAsync(deadline, async cancellation =>
    {
        await call(cancellation).ConfigureAwait(false);
        return true;
    });
}
