param location string = resourceGroup().location

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: 'sb-voice'
  location: location
  sku: { name: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.0' // expect: servicebus-tls on sb-voice properties.minimumTlsVersion
  }
}
