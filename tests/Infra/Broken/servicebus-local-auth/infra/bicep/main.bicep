param location string = resourceGroup().location

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: 'sb-voice'
  location: location
  sku: { name: 'Standard' }
  properties: {
    disableLocalAuth: false // expect: servicebus-local-auth on sb-voice properties.disableLocalAuth
    minimumTlsVersion: '1.2'
  }
}
