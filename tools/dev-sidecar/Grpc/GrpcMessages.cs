using System.Globalization;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.DevSidecar.Apps;
using Dapr.Voice.DevSidecar.State;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Rpc;
using Grpc.Core;
using static Dapr.Client.Autogen.Grpc.v1.StateOptions.Types;

namespace Dapr.Voice.DevSidecar.Grpc;

/// <summary>Converts between Dapr's protobuf messages and the types of the development sidecar.</summary>
internal static class GrpcMessages
{
    private const string StatusDetails = "grpc-status-details-bin";

    /// <summary>The domain of every ErrorInfo that Dapr sends.</summary>
    private const string ErrorDomain = "dapr.io";

    public static Marshaller<T> Marshaller<T>() where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(() => new T());
        return Marshallers.Create(
            (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
    }

    /// <summary>The gRPC status of an error. It has a reason in <c>grpc-status-details-bin</c> if the real sidecar sends one.</summary>
    public static RpcException Status(ApiException failure)
    {
        var trailers = new Metadata();
        if (failure.Error.GrpcReason is { } reason)
        {
            var details = new Google.Rpc.Status { Code = (int)failure.Error.GrpcStatus, Message = failure.Message };
            details.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(new ErrorInfo { Reason = reason, Domain = ErrorDomain }));
            trailers.Add(StatusDetails, details.ToByteArray());
        }
        return new RpcException(new global::Grpc.Core.Status(failure.Error.GrpcStatus, failure.Message), trailers);
    }

    public static StateRequest Request(StateItem item)
        => new(item.Key, item.Value.Memory, item.Etag?.Value, Word(item.Options?.Concurrency), Word(item.Options?.Consistency),
        TimeToLive(item.Metadata));

    /// <summary>Wraps the bytes without a copy, because values are never changed in place.</summary>
    public static ByteString Bytes(ReadOnlyMemory<byte> value) => UnsafeByteOperations.UnsafeWrap(value);

    public static void AddExpiry(MapField<string, string> metadata, StoredValue value)
    {
        if (value.ExpiresAt is { } end)
            metadata["ttlExpireTime"] = end.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }

    private static string? Word(StateConcurrency? concurrency) => concurrency switch
    {
        StateConcurrency.ConcurrencyFirstWrite => "first-write",
        StateConcurrency.ConcurrencyLastWrite => "last-write",
        _ => null,
    };

    private static string? Word(StateConsistency? consistency) => consistency switch
    {
        StateConsistency.ConsistencyStrong => "strong",
        StateConsistency.ConsistencyEventual => "eventual",
        _ => null,
    };

    private static string? TimeToLive(MapField<string, string> metadata)
        => metadata.FirstOrDefault(m => string.Equals(m.Key, "ttlInSeconds", StringComparison.OrdinalIgnoreCase)).Value;
}
